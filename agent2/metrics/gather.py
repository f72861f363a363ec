"""All of it together: what one scrape tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent2.metrics import stored
from agent2.metrics.chain import chain
from agent2.metrics.family import Families
from agent2.metrics.kept import Kept
from agent2.metrics.probes import probes
from agent2.metrics.table import TABLE
from agent2.metrics.targets import agent

if TYPE_CHECKING:
    from agent2.metrics.promises import Promises
    from agent2.store.database import Database
    from agent2.wire.snapshot import Snapshot


def gather(
    db: Database,
    seen: Snapshot,
    kept: Kept | None = None,
    promises: Promises | None = None,
) -> Families:
    """Return every metric that store and status tell, as of now.

    *kept* is what the last scrape has left.

    Raises:
        StoreError: the store cannot be read.
    """
    kept, to, now = kept or Kept(), Families(TABLE), time.time()
    agent(to, seen)
    watch = kept.targets(to, seen)
    names = () if watch.is_too_much else watch.names
    ran, totals = kept.ran(to, db, watch)
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
