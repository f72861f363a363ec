"""What a weekly report adds: the inbox by the day, decisions, how the store is kept."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import upkeep, utc
from agent2.store.codec import number
from agent2.store.guarded import Backups, Guarded, backups, guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

_DAYS = """
SELECT substr(timestamp, 1, 10), avg(lag_seconds), max(lag_seconds),
    max(pending_count), max(failed_count)
FROM supervisor_metrics_archive WHERE timestamp >= ? AND timestamp < ?
GROUP BY 1 ORDER BY 1
"""
_DECISIONS = """
SELECT coalesce(CASE WHEN json_valid(payload)
    THEN json_extract(payload, '$.decision_type') END, '-'), count(*)
FROM task_audits WHERE event_type LIKE 'SUPERVISOR\\_%' ESCAPE '\\'
    AND created_at >= ? AND created_at < ?
GROUP BY 1 ORDER BY 2 DESC, 1
"""
_AUDITS = """
SELECT count(*), count(DISTINCT task_id) FROM task_audits
WHERE created_at >= ? AND created_at < ?
"""
_DONE = (
    "SELECT substr(key, 11), value FROM meta WHERE key LIKE 'care.done.%' ORDER BY 1"
)


@value
class Day:
    """How the inbox stood on one day (UTC); lag is in seconds."""

    day: str
    lag_s: float
    most_lag_s: float
    pending: int
    failed: int


@value
class Trends:
    """What the weekly report adds.

    Attributes:
        decisions: Rulings of the supervisor and how many there were.
        audits, subjects: Lines of the audit, and of how many subjects.
        done: Per job of the upkeep when it was done last (epoch seconds).
        size: Bytes of the store.
    """

    days: tuple[Day, ...]
    decisions: tuple[tuple[str, int], ...]
    audits: int
    subjects: int
    done: dict[str, float]
    size: int
    guarded: Guarded
    backups: Backups


def trends(db: Database, since: float, till: float) -> Trends:
    """Return what there was in [since, till), epoch seconds."""
    span = (utc.text(since), utc.text(till))
    ((audits, subjects),) = db.rows(_AUDITS, span)
    return Trends(
        tuple(
            Day(str(day), number(lag), number(most), int(pending), int(failed))
            for day, lag, most, pending, failed in db.rows(_DAYS, span)
        ),
        tuple((str(what), int(many)) for what, many in db.rows(_DECISIONS, span)),
        int(audits),
        int(subjects),
        {str(job): number(at) for job, at in db.rows(_DONE)},
        upkeep.size(db),
        guarded(db, since, till),
        backups(db, since, till),
    )
