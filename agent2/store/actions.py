"""Actions: what was asked for, why, and how it ended (``fixes`` of the status).

A row is planned in the commit that precedes the deed. One that stays planned after
a crash is an intent without a mark: nobody knows whether it was carried out.
"""

from __future__ import annotations

from agent2.core.model import ActionResult
from agent2.core.value import as_dict, value
from agent2.store.codec import dump, member, plain
from agent2.store.rows import cells, columns, insert, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from agent2.store.database import Database


@value
class ActionRow:
    """One action for one target.

    Attributes:
        id: Made of content, so that a replay plans it once.
        kind: ``signal_file``, ``command``, ``warn``.
        issue, label: What was wrong and what was done, in words for people.
        planned_at, done_at: Steady epoch seconds; None before any result is known.
        hidden: An operator took it off the list of the status.
    """

    id: str
    target: str
    incident: str | None
    attempt: int
    kind: str
    issue: str
    label: str
    result: ActionResult
    reason: str
    code: str
    detail: str
    planned_at: float
    done_at: float | None = None
    hidden: bool = False


_SELECT = f"SELECT {columns(ActionRow)} FROM actions "  # noqa: S608  (our own names)
_INSERT = insert("actions", columns(ActionRow))
_row = reader(
    ActionRow, result=lambda text: member(ActionResult, text, ActionResult.UNKNOWN)
)


def plan(tx: sqlite3.Connection, row: ActionRow) -> bool:
    """Write an action down as *row* says; False if it is known already (a replay)."""
    done = tx.execute(_INSERT, cells(*as_dict(row).values()))
    return done.rowcount == 1


def finish(
    tx: sqlite3.Connection,
    action_id: str,
    result: ActionResult,
    at: float,
    detail: str = "",
) -> bool:
    """Mark how an action ended; an empty *detail* keeps the old one.

    "It was requested" never overwrites a result that is known. False: nothing done.
    """
    done = tx.execute(
        "UPDATE actions SET result = ?1, done_at = ?2,"
        " detail = CASE ?3 WHEN '' THEN detail ELSE ?3 END"
        " WHERE id = ?4 AND (?1 != 'requested' OR result IN ('planned', 'unknown'))",
        (result.value, at, plain(detail), plain(action_id)),
    )
    return done.rowcount == 1


def recent(db: Database, limit: int = 50) -> list[ActionRow]:
    """Return the newest *limit* actions, oldest first, without the hidden ones."""
    rows = db.rows(_SELECT + "WHERE hidden = 0 ORDER BY seq DESC LIMIT ?", (limit,))
    return [_row(row) for row in reversed(rows)]


def hide(tx: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Take actions off the list of ``recent``; they stay in the record."""
    tx.execute(
        "UPDATE actions SET hidden = 1 WHERE id IN (SELECT value FROM json_each(?))",
        (dump(list(ids)),),
    )


def unfinished(db: Database) -> list[ActionRow]:
    """Return the actions that are planned and not marked, oldest first."""
    return [
        _row(row) for row in db.rows(_SELECT + "WHERE result = 'planned' ORDER BY seq")
    ]


def get(db: Database, action_id: str) -> ActionRow | None:
    """Return one action by its id."""
    rows = db.rows(_SELECT + "WHERE id = ?", (action_id,))
    return _row(rows[0]) if rows else None


def of_incident(db: Database, incident: str, limit: int = 200) -> list[ActionRow]:
    """Return the oldest *limit* actions of one incident, in order."""
    rows = db.rows(
        _SELECT + "WHERE incident = ? ORDER BY seq LIMIT ?", (incident, limit)
    )
    return [_row(row) for row in rows]


def total(db: Database) -> int:
    """Return how many actions there ever were, hidden ones included."""
    return int(db.rows("SELECT count(*) FROM actions")[0][0])
