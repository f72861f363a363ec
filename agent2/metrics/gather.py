"""All of it together: what one scrape tells."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent2.metrics import stored
from agent2.metrics.chain import chain
from agent2.metrics.family import Families
from agent2.metrics.table import TABLE
from agent2.metrics.targets import agent, checks_of, is_too_much, targets
from agent2.store import totals as counts

if TYPE_CHECKING:
    from agent2.store.database import Database
    from agent2.wire.snapshot import Snapshot


def gather(db: Database, seen: Snapshot) -> Families:
    """Return every metric that store and status tell, as of now.

    Raises:
        StoreError: the store cannot be read.
    """
    to, now = Families(TABLE), time.time()
    checks = checks_of(seen)
    is_cut = is_too_much(checks)
    names = None if is_cut else checks.keys()
    to("agent2_metrics_truncated").put(is_cut)
    agent(to, seen)
    targets(to, seen, each=not is_cut)
    totals = counts.read(db)
    stored.runs(to, totals, {} if is_cut else checks)
    stored.durations(to, totals)
    stored.incidents(to, db, totals, names)
    stored.actions(to, totals, names)
    told = [str(one.get("name")) for one in seen.entries("notifiers")]
    stored.deliveries(to, db, totals, told, now)
    stored.events(to, db, totals, now)
    stored.size(to, db)
    chain(to, db, totals, now)
    return to
