"""The audit: what was decided of whom, why, and what came of it.

The table and its first six columns are those of the user's documents.
"""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import utc
from agent2.store.codec import dump_json, load_object, plain
from agent2.store.rows import reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from agent2.store.database import Database

KEPT_S = 30 * 86_400.0  # an audit is never younger than this when it goes
_COLUMNS = (
    "audit_id, task_id, level, event_type, payload, created_at, event_id, decision_id"
)


@value
class Audit:
    """One line of the audit.

    Attributes:
        id: Grows by each line and is never used twice.
        level: debug, info, warn or error.
        type: ``SUPERVISOR_ALLOWED`` …
        at: Epoch seconds.
        event_id: The event that it judges, if one.
        decision_id: The decision that it writes down, if one.
    """

    id: int
    subject: str
    level: str
    type: str
    payload: dict[str, Any]
    at: float
    event_id: str | None = None
    decision_id: str | None = None


_audit = reader(Audit, id=int, payload=load_object, at=utc.moment)


def append(
    tx: sqlite3.Connection,
    subject: str,
    level: str,
    type: str,  # noqa: A002  (the word of the column)
    payload: dict[str, Any],
    at: float,
    event_id: str | None = None,
    decision_id: str | None = None,
) -> int | None:
    """Write one line and return its number; None: the decision stands there already."""
    done = tx.execute(
        "INSERT INTO task_audits (task_id, level, event_type, payload, created_at,"
        " event_id, decision_id) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            plain(subject),
            plain(level),
            plain(type),
            dump_json(payload),
            utc.text(at),
            _maybe(event_id),
            _maybe(decision_id),
        ),
    )
    return done.lastrowid if done.rowcount == 1 else None


def trail(
    db: Database,
    subject: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[Audit]:
    """Return the newest lines (of *subject*, older than *before*), the newest first."""
    where = ["1"]
    where += [] if subject is None else ["task_id = :subject"]
    where += [] if before is None else ["audit_id < :before"]
    named = None if subject is None else plain(subject)
    rows = db.rows(
        f"SELECT {_COLUMNS} FROM task_audits WHERE {' AND '.join(where)}"  # noqa: S608
        " ORDER BY audit_id DESC LIMIT :limit",
        {"subject": named, "before": before, "limit": limit},
    )
    return [_audit(row) for row in rows]


def of_event(db: Database, event_id: str) -> list[Audit]:
    """Return the lines of one event, in order."""
    rows = db.rows(
        f"SELECT {_COLUMNS} FROM task_audits WHERE event_id = ? ORDER BY audit_id",  # noqa: S608
        (plain(event_id),),
    )
    return [_audit(row) for row in rows]


def prune(tx: sqlite3.Connection, before: float, now: float, limit: int = 5000) -> int:
    """Delete up to *limit* lines older than *before*, none younger than 30 days."""
    done = tx.execute(
        "DELETE FROM task_audits WHERE audit_id IN (SELECT audit_id FROM task_audits"
        " WHERE created_at < ? ORDER BY audit_id LIMIT ?)",
        (utc.text(min(before, now - KEPT_S)), limit),
    )
    return done.rowcount


def _maybe(text: str | None) -> str | None:
    return None if text is None else plain(text)
