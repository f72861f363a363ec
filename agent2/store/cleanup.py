"""What is too old goes, a little at a time, so that nobody waits long to write.

Events that were dealt with go after a week; those that wait or failed stay. Audits stay
for 30 days at least. Incidents, targets and gates are never touched.
"""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import meta

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

DAY = 86400.0
EVENT_DAYS = 7.0
AUDIT_DAYS = 30.0  # no fewer are taken
CLEANED = "care.cleaned"
BATCH = 2000  # rows of one transaction
# Times are texts, UTC with milliseconds; "unixepoch" makes such a text of seconds.
_EVENTS = (
    "DELETE FROM supervisor_inbox WHERE event_id IN (SELECT event_id"
    " FROM supervisor_inbox WHERE status = 'completed'"
    " AND coalesce(processed_at, received_at)"
    " < strftime('%Y-%m-%d %H:%M:%f', ?, 'unixepoch') LIMIT ?)"
)
_AUDITS = (
    "DELETE FROM task_audits WHERE audit_id IN (SELECT audit_id FROM task_audits"
    " WHERE created_at < strftime('%Y-%m-%d %H:%M:%f', ?, 'unixepoch') LIMIT ?)"
)


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
    events = _drop(db, _EVENTS, now - event_days * DAY, batch)
    audits = _drop(db, _AUDITS, now - max(audit_days, AUDIT_DAYS) * DAY, batch)
    with db.transaction() as tx:
        meta.put(tx, CLEANED, repr(now))
    return Cleaned(events, audits)


def _drop(db: Database, sql: str, before: float, batch: int) -> int:
    gone = 0
    while True:
        with db.transaction() as tx:
            count = tx.execute(sql, (before, batch)).rowcount
        gone += count
        if count < batch:
            return gone
