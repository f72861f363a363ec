"""All of it together: what one scrape tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent2.metrics import stored
from agent2.metrics.chain import chain
from agent2.metrics.family import Families
from agent2.metrics.probes import probes
from agent2.metrics.ran import Ran
from agent2.metrics.table import TABLE
from agent2.metrics.targets import agent, targets
from agent2.store.tallies import Counted

if TYPE_CHECKING:
    from agent2.metrics.promises import Promises
    from agent2.store.database import Database
    from agent2.wire.snapshot import Snapshot


def gather(
    db: Database,
    seen: Snapshot,
    counted: Counted | None = None,
    promises: Promises | None = None,
) -> Families:
    """Return every metric that store and status tell, as of now.

    *counted* is what the last scrape has read: most commits are a minute apart.

    Raises:
        StoreError: the store cannot be read.
    """
    to, now = Families(TABLE), time.time()
    agent(to, seen)
    watch = targets(to, seen)
    names = [] if watch.is_too_much else [name for name, _ in watch.names]
    counted = counted or Counted()
    counted.look(db)
    totals, ran = counted.totals, Ran.of(counted, watch)
    ran.put(to)
    stored.durations(to, totals)
    stored.actions(to, totals, names)
    told = [str(one.get("name")) for one in seen.entries("notifiers")]
    stored.deliveries(to, db, totals, told, now)
    stored.events(to, db, totals, now)
    stored.size(to, db)
    chain(to, db, totals, ran.results, now)
    if promises is not None:
        promises.put(to, db, names, now)
        if promises.blackbox and names:
            probes(to, seen)
    return to
