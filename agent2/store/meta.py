"""Small facts by key: the instance's name, pauses and tests of receivers."""

from __future__ import annotations

import os

from agent2.store.codec import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from agent2.store.database import Database

_INSTANCE = "instance"
_TRIED = "tried."


def get(db: Database, key: str) -> str | None:
    """Return the value of *key*, or None."""
    found = db.rows("SELECT value FROM meta WHERE key = ?", (key,))
    return str(found[0][0]) if found else None


def put(tx: sqlite3.Connection, key: str, value: str) -> None:
    """Set *key* to *value*."""
    tx.execute(
        "INSERT INTO meta (key, value) VALUES (?, ?)"
        " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        (plain(key), plain(value)),
    )


def tried(db: Database) -> dict[str, float]:
    """Return notifier -> when a person's test message last arrived (epoch seconds)."""
    rows = db.rows("SELECT key, value FROM meta WHERE key LIKE ?", (f"{_TRIED}%",))
    return {str(key).removeprefix(_TRIED): float(value) for key, value in rows}


def try_done(db: Database, names: Iterable[str], at: float) -> None:
    """Write down that a test message has arrived through each of *names*."""
    with db.transaction() as tx:
        for name in names:
            put(tx, f"{_TRIED}{name}", repr(at))


def instance(db: Database) -> str:
    """Return the name of this store: 12 hex digits, made once, by chance.

    Raises:
        StoreError: it had to be made and could not be kept.
    """
    found = get(db, _INSTANCE)
    if found is None:
        with db.transaction() as tx:
            tx.execute(
                "INSERT OR IGNORE INTO meta (key, value) VALUES (?, ?)",
                (_INSTANCE, os.urandom(6).hex()),
            )
        found = get(db, _INSTANCE)
    return found or ""
