"""The history of verdicts per target, clustered by target and time (23 B a row)."""

from __future__ import annotations

from enum import Enum

from agent2.core.value import value
from agent2.store.codec import maybe_number, number, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from agent2.store.database import Database


MINUTE = 60  # seconds of the smallest bucket (see rollup.py)


@value
class Point:
    """What one cycle said of a target; *response_s* where there was an answer."""

    at: float
    verdict: str
    code: str
    response_s: float | None


def add(
    tx: sqlite3.Connection,
    rows: Iterable[tuple[str, float, str | Enum, str | Enum, float | None]],
) -> None:
    """Write rows of (target, at, verdict, code, response_s); known ones stay.

    A row from before the time that is rolled up already is marked, to be rolled up.
    """
    rows = list(rows)
    tx.execute(
        "UPDATE history_rolled SET late = min(coalesce(late, ?1), ?1) WHERE aim > ?1",
        (min((row[1] for row in rows), default=1e300),),
    )
    tx.executemany(
        "INSERT OR IGNORE INTO history_raw (target, at, verdict, code, response_s)"
        " VALUES (?, ?, ?, ?, ?)",
        (
            (plain(target), at, _word(verdict), _word(code), response_s)
            for target, at, verdict, code, response_s in rows
        ),
    )


def recent(
    db: Database, target: str, limit: int, before: float | None = None
) -> list[Point]:
    """Return the newest *limit* points of *target* (before then), oldest first."""
    rows = db.rows(
        "SELECT at, verdict, code, response_s FROM history_raw"
        " WHERE target = ? AND at < ? ORDER BY at DESC LIMIT ?",
        (target, 1e300 if before is None else before, limit),
    )
    return [
        Point(number(at), str(verdict), str(code), maybe_number(response_s))
        for at, verdict, code, response_s in reversed(rows)
    ]


def verdicts(db: Database, target: str, since: float) -> dict[str, int]:
    """Return how many points of *target* since then there are of each verdict."""
    rows = db.rows(
        "SELECT verdict, count(*) FROM history_raw WHERE target = ? AND at >= ?"
        " GROUP BY verdict",
        (target, since),
    )
    return {str(verdict): int(many) for verdict, many in rows}


def rows_of(
    db: Database, target: str, since: float, till: float
) -> list[tuple[float, str, float | None]]:
    """Return (at, verdict, response_s) of *target* in [since, till), in order."""
    return [
        (number(at), str(verdict), maybe_number(response_s))
        for at, verdict, response_s in db.rows(
            "SELECT at, verdict, response_s FROM history_raw"
            " WHERE target = ? AND at >= ? AND at < ? ORDER BY at",
            (target, since, till),
        )
    ]


def names(db: Database, table: str = "history_raw") -> list[str]:
    """Return the targets that have rows in *table*, one step of its index each."""
    return [
        str(name)
        for (name,) in db.rows(
            "WITH RECURSIVE n(name) AS ("  # noqa: S608  (a name of ours)
            f"SELECT min(target) FROM {table} UNION ALL SELECT (SELECT min(target)"
            f" FROM {table} WHERE target > name) FROM n WHERE name IS NOT NULL)"
            " SELECT name FROM n WHERE name IS NOT NULL"
        )
    ]


def prune(tx: sqlite3.Connection, before: float) -> int:
    """Delete the points older than *before*; return how many went."""
    tx.execute(
        "UPDATE history_rolled SET pruned = max(coalesce(pruned, ?1), ?1)", (before,)
    )
    return tx.execute("DELETE FROM history_raw WHERE at < ?", (before,)).rowcount


def _word(word: str | Enum) -> str:
    return str(word.value) if isinstance(word, Enum) else word
