"""What was refused and held back, how copies are kept: as the audit tells it."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import utc
from agent2.store.audits import append
from agent2.store.codec import maybe_number
from agent2.store.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from agent2.store.database import Database

REFUSED = "WEB_REFUSED"
MADE, VERIFIED, FAILED = "BACKUP_MADE", "BACKUP_VERIFIED", "BACKUP_FAILED"
_DAY = 86400.0
_SPAN = "created_at >= ?1 AND created_at < ?2 AND json_valid(payload)"
_REFUSED = f"""
SELECT json_extract(payload, '$.code'), sum(json_extract(payload, '$.count'))
FROM task_audits WHERE event_type = '{REFUSED}' AND {_SPAN} GROUP BY 1 ORDER BY 2 DESC
"""  # noqa: S608  (words of ours)
_EVENTS = f"""
SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM json_each(payload, '$.findings')
        WHERE json_extract(value, '$.category') = 'redline')),
    count(*) FILTER (WHERE json_extract(payload, '$.event_type') LIKE 'GATE\\_%'
        ESCAPE '\\'),
    count(*) FILTER (WHERE event_type = 'CONFIG_RELOADED'
        AND json_extract(payload, '$.result') = 'rejected')
FROM task_audits WHERE {_SPAN}
"""  # noqa: S608
_WITHHELD = """
SELECT count(*) FROM journal WHERE kind = 'restart.withheld' AND at >= ? AND at < ?
"""
_BACKUPS = f"""
SELECT event_type, count(*), max(created_at), count(DISTINCT substr(created_at, 1, 10))
FROM task_audits
WHERE event_type IN ('{MADE}', '{VERIFIED}', '{FAILED}') AND created_at < ?2
    AND (created_at >= ?1 OR event_type = ?3) GROUP BY 1
"""  # noqa: S608


@value
class Guarded:
    """What was kept out and held back in a time.

    Attributes:
        refused: Requests that the web program refused, by the code of the refusal.
        redlines: Events and wishes that broke a redline.
        gates: Moves of gates by people.
        withheld: Restarts that were not asked for though they were due.
        rejected: Configurations that were asked for and refused.
    """

    refused: dict[str, int]
    redlines: int
    gates: int
    withheld: int
    rejected: int


@value
class Backups:
    """How the copies were kept in a time.

    Attributes:
        missing: Days (of UTC, whole or begun) in which none was made.
        last: When the last one was made, whenever (epoch seconds); None: never.
    """

    made: int
    verified: int
    failed: int
    missing: int
    last: float | None


def guarded(db: Database, since: float, till: float) -> Guarded:
    """Return what was refused and held back in [since, till)."""
    span = (utc.text(since), utc.text(till))
    ((redlines, gates, rejected),) = db.rows(_EVENTS, span)
    ((withheld,),) = db.rows(_WITHHELD, (since, till))
    refused = {
        str(code): int(maybe_number(many) or 0)
        for code, many in db.rows(_REFUSED, span)
    }
    counts = map(int, (redlines, gates, withheld, rejected))
    return Guarded(refused, *counts)


def backups(db: Database, since: float, till: float) -> Backups:
    """Return how the copies were kept in [since, till)."""
    span = (utc.text(since), utc.text(till))
    found = {str(kind): rest for kind, *rest in db.rows(_BACKUPS, (*span, ""))}
    ever = {str(kind): rest for kind, *rest in db.rows(_BACKUPS, (*span, MADE))}

    def many(kind: str) -> int:
        return int(found[kind][0]) if kind in found else 0

    days = int((till - 0.001) // _DAY - since // _DAY) + 1
    seen = int(found[MADE][2]) if MADE in found else 0
    last = utc.seconds(ever[MADE][1]) if MADE in ever else None
    return Backups(many(MADE), many(VERIFIED), many(FAILED), days - seen, last)


def note(
    db: Database, kind: str, level: str, about: Mapping[str, Any], at: float
) -> None:
    """Write one line of the audit; a store that takes none costs nothing but it."""
    try:
        with db.transaction() as tx:
            append(tx, "agent2", level, kind, dict(about), at)
    except StoreError:
        return
