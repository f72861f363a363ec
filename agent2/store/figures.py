"""Figures of the store for people: size, rows, audits, decisions, trends."""

from __future__ import annotations

import os

from agent2.core.value import value
from agent2.store.codec import number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table'"
    " AND name NOT LIKE 'sqlite_%' ORDER BY name"
)
_AUDITS = (
    "SELECT count(*), count(DISTINCT task_id) FROM task_audits"
    " WHERE created_at >= strftime('%Y-%m-%d %H:%M:%f', ?, 'unixepoch')"
)
_DECISIONS = (
    "SELECT json_extract(payload, '$.decision_type') AS decision, count(*)"
    " FROM task_audits WHERE event_type LIKE 'SUPERVISOR_%' AND json_valid(payload)"
    " AND created_at >= strftime('%Y-%m-%d %H:%M:%f', ?, 'unixepoch')"
    " GROUP BY decision HAVING decision IS NOT NULL ORDER BY 2 DESC, 1"
)
_TREND = (
    "SELECT date(timestamp), avg(lag_seconds), max(lag_seconds), max(pending_count)"
    " FROM supervisor_metrics_archive"
    " WHERE timestamp >= strftime('%Y-%m-%d %H:%M:%f', ?, 'unixepoch')"
    " GROUP BY date(timestamp) ORDER BY 1"
)
_DAY = 86400.0


@value
class Day:
    """A day (UTC) of the hourly archive; lags in seconds."""

    date: str
    lag_mean_s: float
    lag_most_s: float
    pending_most: int


@value
class Figures:
    """What the store is.

    Attributes:
        size, wal, free: Bytes of the file, of its WAL, of empty pages in the file.
        rows: Per table.
        audits, subjects: Audits of 30 days, and of how many subjects.
        decisions: Per kind of decision, of 7 days.
        days: The trend of 7 days.
    """

    size: int
    wal: int
    free: int
    rows: dict[str, int]
    audits: int
    subjects: int
    decisions: dict[str, int]
    days: tuple[Day, ...]


def measure(db: Database, now: float) -> Figures:
    """Count; *now* is epoch seconds."""
    names = [str(name) for (name,) in db.rows(_TABLES)]
    rows = {
        name: int(db.rows(f'SELECT count(*) FROM "{name}"')[0][0])  # noqa: S608
        for name in names
    }
    audits, subjects = db.rows(_AUDITS, (now - 30 * _DAY,))[0]
    decisions = db.rows(_DECISIONS, (now - 7 * _DAY,))
    page = int(db.rows("PRAGMA page_size")[0][0])
    return Figures(
        size=db.pages() * page,
        wal=_bytes(db.path + "-wal"),
        free=int(db.rows("PRAGMA freelist_count")[0][0]) * page,
        rows=rows,
        audits=int(audits),
        subjects=int(subjects),
        decisions={str(kind): int(count) for kind, count in decisions},
        days=tuple(
            Day(str(date), number(mean), number(most), int(pending))
            for date, mean, most, pending in db.rows(_TREND, (now - 7 * _DAY,))
        ),
    )


def _bytes(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
