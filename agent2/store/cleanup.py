"""What is too old goes, a little at a time, so that nobody waits long to write.

Events that were dealt with go after a week; those that wait or failed stay. Audits stay
for 30 days at least. Incidents, targets and gates are never touched.
"""

from __future__ import annotations

import time

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database

DAY = 86400.0
EVENT_DAYS = 7.0
AUDIT_DAYS = 30.0  # no fewer are taken
BATCH = 500  # rows of one transaction
_REST_S = 0.025  # longer than a nap of who waits for the lock: it is not fair
# Times are texts, UTC with milliseconds; "unixepoch" makes such a text of seconds.
_BEFORE = "strftime('%Y-%m-%d %H:%M:%f', ?1, 'unixepoch')"
_EVENTS = (
    "SELECT event_id FROM supervisor_inbox WHERE status = 'completed'"  # noqa: S608
    # What was received later was dealt with later: the index finds the rest.
    f" AND received_at < {_BEFORE} AND coalesce(processed_at, received_at) < {_BEFORE}"
    " LIMIT ?2"
)
_AUDITS = f"SELECT audit_id FROM task_audits WHERE created_at < {_BEFORE} LIMIT ?2"  # noqa: S608
_FROM = {
    _EVENTS: "supervisor_inbox WHERE event_id",
    _AUDITS: "task_audits WHERE audit_id",
}


@value
class Cleaned:
    """How many went."""

    events: int
    audits: int


def clean(
    db: Database,
    now: float,
    event_days: float = EVENT_DAYS,
    audit_days: float = AUDIT_DAYS,
    batch: int = BATCH,
) -> Cleaned:
    """Delete what is older; *now* is epoch seconds.

    Raises:
        StoreError: it cannot be written; what went before is gone.
    """
    return Cleaned(
        _drop(db, _EVENTS, now - event_days * DAY, batch),
        _drop(db, _AUDITS, now - max(audit_days, AUDIT_DAYS) * DAY, batch),
    )


def _drop(db: Database, chosen: str, before: float, batch: int) -> int:
    gone = 0
    while True:
        with db.transaction() as tx:
            count = _delete(tx, chosen, before, batch)
        gone += count
        if count < batch:
            return gone
        time.sleep(_REST_S)


def _delete(tx: sqlite3.Connection, chosen: str, before: float, batch: int) -> int:
    sql = f"DELETE FROM {_FROM[chosen]} IN ({chosen})"  # noqa: S608
    return tx.execute(sql, (before, batch)).rowcount
