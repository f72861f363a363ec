"""Counts since the store was made; they never go back (see ``script_totals.py``).

A count has a name and up to three words; it is read by metrics, never by decisions.
"""

from __future__ import annotations

from agent2.store.codec import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from agent2.store.database import Database

    Count = tuple[str, str, str, str, float]

_ADD = (
    "INSERT INTO totals VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (name, one, two, three) DO UPDATE SET value = value + excluded.value"
)


def add(tx: sqlite3.Connection, counts: Iterable[Count]) -> None:
    """Add to the totals: rows of name, three words and how many more."""
    tx.executemany(
        _ADD,
        (
            (name, plain(one), plain(two), plain(three), value)
            for name, one, two, three, value in counts
        ),
    )


def once(tx: sqlite3.Connection, name: str, one: str, two: str) -> None:
    """Count one more of *name*, *one*, *two*."""
    tx.execute(_ADD, (name, one, two, "", 1.0))


def read(db: Database) -> dict[str, list[tuple[str, str, str, float]]]:
    """Return by name all rows of three words and their count, in their order.

    Raises:
        StoreError: the store cannot be read.
    """
    found: dict[str, list[tuple[str, str, str, float]]] = {}
    for name in [name for (name,) in db.rows("SELECT DISTINCT name FROM totals")]:
        found[name] = db.rows(
            "SELECT one, two, three, value FROM totals WHERE name = ?", (name,)
        )
    return found
