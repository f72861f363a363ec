"""Silences as rows: who silenced what, from when until when, and why."""

from __future__ import annotations

from agent2.core.silences import Silence
from agent2.core.value import as_dict
from agent2.store.codec import load_object, plain
from agent2.store.rows import cells, columns, insert, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database

KEPT_S = 30 * 86_400.0  # one that is over is shown this long
_SELECT = f"SELECT {columns(Silence)} FROM silences"  # noqa: S608  (our own names)
_INSERT = insert("silences", columns(Silence), otherwise="REPLACE")
_silence = reader(
    Silence,
    match=lambda text: {str(k): str(v) for k, v in load_object(text).items()},
)


def put(tx: sqlite3.Connection, silence: Silence) -> None:
    """Write *silence* over what stood under its id; very old ones go."""
    tx.execute(_INSERT, cells(*as_dict(silence).values()))
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
    return tuple(
        map(_silence, db.rows(f"{_SELECT} {where} ORDER BY until, id", params))
    )
