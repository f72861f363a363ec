"""The journal: everything that happened, in order, for people and for replays."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store.codec import dump, load_object, number, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from agent2.store.database import Database


_NEAR = 20_000  # entries of all targets between a first failure and its incident


@value
class Entry:
    """One line of the journal.

    Attributes:
        seq: Grows by each entry and is never used twice.
        at: Steady epoch seconds.
        body: What the kind of entry tells, as JSON holds it.
    """

    seq: int
    at: float
    kind: str
    target: str | None
    incident: str | None
    body: dict[str, Any]


@value
class Walk:
    """What a walk along the numbers found.

    Attributes:
        count, first, last: Entries; the number of the oldest and of the newest, or 0.
        broken: Numbers that do not follow each other: one, and what stands after it.
        reused: The next entry could get a number that was there already.
    """

    count: int
    first: int
    last: int
    broken: list[tuple[int, int]]
    reused: bool


def append(
    tx: sqlite3.Connection,
    at: float,
    kind: str,
    target: str | None,
    incident: str | None,
    body: dict[str, Any],
) -> int:
    """Write one entry and return its number. Enums in *body* are kept by value."""
    done = tx.execute(
        "INSERT INTO journal (at, kind, target, incident, body) VALUES (?, ?, ?, ?, ?)",
        (at, kind, _maybe(target), _maybe(incident), dump(body)),
    )
    return int(done.lastrowid or 0)


def read(
    db: Database, after: int = 0, limit: int = 200, incident: str | None = None
) -> list[Entry]:
    """Return entries (of *incident*) with a number greater than *after*, in order."""
    where = "WHERE seq > ?" if incident is None else "WHERE seq > ? AND incident = ?"
    rows = db.rows(
        "SELECT seq, at, kind, target, incident, body FROM journal "  # noqa: S608
        f"{where} ORDER BY seq LIMIT ?",
        (after, limit) if incident is None else (after, incident, limit),
    )
    return [_entry(row) for row in rows]


def of_target(
    db: Database, target: str, first: int, last: int, limit: int
) -> list[Entry]:
    """Return entries of *target* numbered *first* to *last*, in order."""
    rows = db.rows(
        "SELECT seq, at, kind, target, incident, body FROM journal"
        " WHERE seq BETWEEN ? AND ? AND target = ? ORDER BY seq LIMIT ?",
        (first, last, target, limit),
    )
    return [_entry(row) for row in rows]


def failing(db: Database, target: str, before: int) -> int:
    """Return the number of the entry, *before* or at which *target* began to fail.

    That is its first change of health since it was well. It is looked for among the
    few thousand that come before; else it is *before*.
    """
    changes = "target = ? AND kind = 'health.changed'"
    rows = db.rows(
        f"SELECT min(seq) FROM journal WHERE {changes} AND seq <= ? AND seq >"  # noqa: S608
        " (SELECT coalesce(max(seq), ?) FROM journal WHERE seq BETWEEN ? AND ? AND"
        f' {changes} AND body LIKE \'%"new":%"healthy"%\')',
        (target, before, before - _NEAR, before - _NEAR, before, target),
    )
    return int(rows[0][0] or before)


def _entry(row: tuple[Any, ...]) -> Entry:
    seq, at, kind, target, told, body = row
    return Entry(seq, number(at), str(kind), target, told, load_object(body))


def last(db: Database) -> int:
    """Return the number of the newest entry, 0 if there is none."""
    return int(db.rows("SELECT coalesce(max(seq), 0) FROM journal")[0][0])


def walk(db: Database, most: int = 100) -> Walk:
    """Look for gaps and doubles among the numbers; *most* are told of."""
    count, first, last = db.rows(
        "SELECT count(*), coalesce(min(seq), 0), coalesce(max(seq), 0) FROM journal"
    )[0]
    broken = db.rows(
        "SELECT before, seq FROM"
        " (SELECT seq, lag(seq) OVER (ORDER BY seq) AS before FROM journal)"
        " WHERE seq != before + 1 LIMIT ?",
        (most,),
    )
    used = db.rows("SELECT seq FROM sqlite_sequence WHERE name = 'journal'")
    reused = bool(count) and (not used or int(used[0][0]) < last)
    return Walk(int(count), int(first), int(last), broken, reused)


def prune(tx: sqlite3.Connection, before: float, limit: int = 5000) -> int:
    """Delete up to *limit* entries older than *before*; return how many went."""
    done = tx.execute(
        "DELETE FROM journal WHERE seq IN"
        " (SELECT seq FROM journal WHERE at < ? ORDER BY seq LIMIT ?)",
        (before, limit),
    )
    return done.rowcount


def _maybe(text: str | None) -> str | None:
    return None if text is None else plain(text)
