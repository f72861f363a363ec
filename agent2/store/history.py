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
    """Write rows of (target, at, verdict, code, response_s); known ones stay."""
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


def prune(tx: sqlite3.Connection, before: float) -> int:
    """Delete the points older than *before*; return how many went."""
    return tx.execute("DELETE FROM history_raw WHERE at < ?", (before,)).rowcount


def _word(word: str | Enum) -> str:
    return str(word.value) if isinstance(word, Enum) else word
