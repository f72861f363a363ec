"""Amounts that checks measured, one for each five minutes, by target and name.

A name is the check's and the figure's, such as ``resources/cpu``.
"""

from __future__ import annotations

from agent2.core.value import value
from agent2.store.codec import number, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from agent2.store.database import Database

    Row = tuple[str, str, int, float]  # target, name, at (epoch seconds), amount

KEEP = 90 * 86400.0


@value
class Key:
    """One series, and the time of its last amount."""

    target: str
    check: str
    figure: str
    last: float


def add(tx: sqlite3.Connection, rows: Iterable[Row]) -> None:
    """Write *rows*; one that is there already is replaced (its time goes on)."""
    tx.executemany(
        "INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?)",
        ((plain(target), plain(name), at, amount) for target, name, at, amount in rows),
    )


def keys(db: Database) -> list[Key]:
    """Return every series, by target and name."""
    found = []
    for target, name, last in db.rows(
        "SELECT target, name, max(at) FROM series GROUP BY target, name"
    ):
        check, _, figure = str(name).partition("/")
        found.append(Key(str(target), check, figure, number(last)))
    return found


def amounts(
    db: Database, target: str, name: str, since: float = 0.0
) -> list[tuple[float, float]]:
    """Return time (epoch seconds) and amount of one series, oldest first."""
    return [
        (number(at), number(amount))
        for at, amount in db.rows(
            "SELECT at, amount FROM series WHERE target = ? AND name = ? AND at >= ?"
            " ORDER BY at",
            (target, name, since),
        )
    ]


def prune(tx: sqlite3.Connection, before: float) -> int:
    """Delete what is older than *before*; return how many went."""
    return tx.execute("DELETE FROM series WHERE at < ?", (before,)).rowcount
