"""One row an hour of how the inbox stood, for trends; lag is in seconds."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store.codec import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

# julianday() counts days, to a twentieth of a millisecond. Empty is 0, never NULL.
_ADD = """
INSERT OR IGNORE INTO supervisor_metrics_archive
    (timestamp, pending_count, failed_count, lag_seconds)
SELECT
    strftime('%Y-%m-%d %H:00:00.000', :now, 'unixepoch'),
    count(*) FILTER (WHERE status = 'pending'),
    count(*) FILTER (WHERE status = 'failed'),
    coalesce(round(max(0.0, max(julianday(:now, 'unixepoch') - julianday(received_at))
        FILTER (WHERE status = 'pending')) * 86400.0, 3), 0.0)
FROM supervisor_inbox
"""
_ROW = "SELECT * FROM supervisor_metrics_archive ORDER BY timestamp DESC LIMIT ?"


@value
class Hour:
    """How the inbox stood in the hour that began at *timestamp* (UTC text)."""

    timestamp: str
    pending: int
    failed: int
    lag_s: float


def add(db: Database, now: float) -> bool:
    """Write the row of this hour; False if it is there. *now* is epoch seconds."""
    with db.transaction() as tx:
        return bool(tx.execute(_ADD, {"now": now}).rowcount)


def latest(db: Database, limit: int = 24) -> list[Hour]:
    """Return the newest *limit* rows, newest first."""
    return [
        Hour(str(at), int(pending), int(failed), number(lag))
        for at, pending, failed, lag in db.rows(_ROW, (limit,))
    ]
