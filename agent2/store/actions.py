"""Actions: what was asked for, why, and how it ended (``fixes`` of the status).

A row is planned in the commit that precedes the deed. One that stays planned after
a crash is an intent without a mark: nobody knows whether it was carried out.
"""

from __future__ import annotations

from agent2.core.model import ActionResult
from agent2.core.value import value
from agent2.store.codec import count, dump, maybe_number, member, number, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from typing import Any

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


_COLUMNS = ", ".join(ActionRow.__match_args__)
_SELECT = f"SELECT {_COLUMNS} FROM actions "  # noqa: S608  (our own names)


def plan(tx: sqlite3.Connection, row: ActionRow) -> bool:
    """Write an action down as *row* says; False if it is known already (a replay)."""
    done = tx.execute(
        f"INSERT OR IGNORE INTO actions ({_COLUMNS})"  # noqa: S608
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            plain(row.id),
            plain(row.target),
            None if row.incident is None else plain(row.incident),
            row.attempt,
            row.kind,
            plain(row.issue),
            plain(row.label),
            row.result.value,
            row.reason,
            row.code,
            plain(row.detail),
            row.planned_at,
            row.done_at,
            row.hidden,
        ),
    )
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


def _row(row: tuple[Any, ...]) -> ActionRow:
    return ActionRow(
        str(row[0]),
        str(row[1]),
        None if row[2] is None else str(row[2]),
        count(row[3]),
        str(row[4]),
        str(row[5]),
        str(row[6]),
        member(ActionResult, row[7], ActionResult.UNKNOWN),
        str(row[8]),
        str(row[9]),
        str(row[10]),
        number(row[11]),
        maybe_number(row[12]),
        bool(row[13]),
    )
