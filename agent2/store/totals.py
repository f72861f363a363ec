"""Counts since the store was made; they never go back (see ``script_totals.py``).

A count has a name and up to three words; it is read by metrics, never by decisions.
"""

from __future__ import annotations

import time

from agent2.store.audits import append
from agent2.store.codec import plain
from agent2.store.errors import SQLITE_ERRORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from typing import Any

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


def claimed(tx: sqlite3.Connection, db: Database, queue: str) -> None:
    """Count a claim that found something, and those before it that found nothing."""
    counts: list[Count] = [("poll", queue, "found", "", 1.0)]
    if db.idle:
        counts.append(("poll", queue, "empty", "", float(db.idle)))
        db.idle = 0
    add(tx, counts)


def refused(
    tx: sqlite3.Connection, what: str, queue: str, subject: str, owner: str, fence: int
) -> None:
    """Count and audit that *what* was refused to *owner*, who had lost the lease.

    *what* is ``heartbeat`` or ``claimed_update``; *fence* is the number of his claim.
    """
    once(tx, what, queue, "guard_reject")
    name = "lease_renew" if what == "heartbeat" else what
    told = {"queue": queue, "owner": owner, "attempt": fence}
    _audit(tx, subject, f"{name}_guard_reject", told)


def reclaimed(
    tx: sqlite3.Connection, queue: str, subject: str, owner: str, fence: int
) -> None:
    """Audit that *owner* took over what a dead or sleeping one had claimed."""
    told = {"queue": queue, "owner": owner, "attempt": fence}
    _audit(tx, subject, "claim_reclaimed", told)


def _audit(
    tx: sqlite3.Connection, subject: str, name: str, told: dict[str, Any]
) -> None:
    """Write a line of the audit, if that can be: an alert is worth more than it."""
    try:
        append(tx, subject, "warn", name, told, time.time())
    except SQLITE_ERRORS:  # the documents let people make the table anew
        if not tx.in_transaction:  # it took the rest of the transaction with it
            raise


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
