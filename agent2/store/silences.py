"""Silences as rows: who silenced what, from when until when, and why."""

from __future__ import annotations

from agent2.core.silences import Silence
from agent2.store.codec import dump, load_object, maybe_number, number, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database

KEPT_S = 30 * 86_400.0  # one that is over is shown this long
_COLUMNS = "id, match, starts_at, until, who, why, at, ended_at, ended_by"


def put(tx: sqlite3.Connection, silence: Silence) -> None:
    """Write *silence* over what stood under its id; very old ones go."""
    tx.execute(
        f"INSERT OR REPLACE INTO silences ({_COLUMNS})"  # noqa: S608
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            plain(silence.id),
            dump(dict(silence.match)),
            silence.starts_at,
            silence.until,
            plain(silence.who),
            plain(silence.why),
            silence.at,
            silence.ended_at,
            plain(silence.ended_by),
        ),
    )
    tx.execute("DELETE FROM silences WHERE until < ?", (silence.at - KEPT_S,))


def get(db: Database, name: str) -> Silence | None:
    """Return one silence by its id."""
    found = _silences(db, "WHERE id = ?", (plain(name),))
    return found[0] if found else None


def current(db: Database, now: float) -> tuple[Silence, ...]:
    """Return those that hold at *now* (wall) or are still to begin, by their end."""
    return _silences(db, "WHERE ended_at IS NULL AND until > ?", (now,))


def all_of(db: Database) -> tuple[Silence, ...]:
    """Return every silence that is remembered, by its end."""
    return _silences(db, "", ())


def _silences(
    db: Database, where: str, params: tuple[object, ...]
) -> tuple[Silence, ...]:
    rows = db.rows(
        f"SELECT {_COLUMNS} FROM silences {where} ORDER BY until, id",  # noqa: S608
        params,
    )
    return tuple(
        Silence(
            id=str(row[0]),
            match={str(k): str(v) for k, v in load_object(row[1]).items()},
            starts_at=number(row[2]),
            until=number(row[3]),
            who=str(row[4]),
            why=str(row[5]),
            at=number(row[6]),
            ended_at=maybe_number(row[7]),
            ended_by=str(row[8]),
        )
        for row in rows
    )
