"""Counts since the store was made; they never go back (see ``script_totals.py``).

A count has a name and up to three words; it is read by metrics, never by decisions.
"""

from __future__ import annotations

import time

from agent2.core.text import one_line
from agent2.store.audits import append
from agent2.store.codec import plain
from agent2.store.errors import SQLITE_ERRORS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable
    from typing import Any

    from agent2.store.database import Database

    Count = tuple[str, str, str, str, float]


class Switches:
    """What of the chain of execution is audited; for each program as it is told to.

    Attributes:
        lost: What went wrong: claims taken over, results that came too late.
        claims: Each claim that went well.
        log: Is told the same.
    """

    __slots__ = ("claims", "log", "lost")

    def __init__(self) -> None:
        """Audit what went wrong."""
        self.lost, self.claims = True, False
        self.log: Callable[[str, str], object] | None = None

    def use(
        self, told: dict[str, Any], log: Callable[[str, str], object] | None
    ) -> None:
        """Follow the section ``observability`` of the plan; {} is the defaults."""
        self.log = log
        self.lost = told.get("audit_log_enabled") is not False
        self.claims = self.lost and told.get("audit_success_log_enabled") is True


audited = Switches()
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


def claimed(tx: sqlite3.Connection, db: Database, queue: str, again: int) -> None:
    """Count a claim that found something, and those before it that found nothing.

    *again* is how many of those that it found were claimed before.
    """
    counts: list[Count] = [("poll", queue, "found", "", 1.0)]
    if again:
        counts.append(("again", queue, "", "", float(again)))
    if db.idle:
        counts.append(("poll", queue, "empty", "", float(db.idle)))
        db.idle = 0
    for (what, whose), many in db.trouble.items():
        counts.append((what, whose, "error", "", float(many)))
    db.trouble = {}
    add(tx, counts)


def unwritten(db: Database, what: str, queue: str) -> None:
    """Count with the next claim that *what* could not be written just now."""
    db.trouble[what, queue] = db.trouble.get((what, queue), 0) + 1


def acquired(
    tx: sqlite3.Connection, queue: str, subject: str, owner: str, fence: int
) -> None:
    """Audit that *owner* claimed something, if that is wanted."""
    if audited.claims:
        told = {"queue": queue, "owner": owner, "attempt": fence}
        _audit(tx, subject, "claim_acquired", told, "info")


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
    tx: sqlite3.Connection,
    subject: str,
    name: str,
    told: dict[str, Any],
    level: str = "warn",
) -> None:
    """Write a line of the audit, if that can be: an alert is worth more than it."""
    if not audited.lost:
        return
    if audited.log is not None:
        words = " ".join(f"{key}={word}" for key, word in told.items())
        text = one_line(f"{name}: {subject} {words}", 300)
        audited.log("WARNING" if level == "warn" else "INFO", text)
    try:
        append(tx, subject, level, name, told, time.time())
    except SQLITE_ERRORS:  # the documents let people make the table anew
        if not tx.in_transaction:  # it took the rest of the transaction with it
            raise


def read(
    db: Database, *, but: str = ""
) -> dict[str, list[tuple[str, str, str, float]]]:
    """Return by name, all *but* one, the rows of three words and their count.

    Raises:
        StoreError: the store cannot be read.
    """
    names = db.rows("SELECT DISTINCT name FROM totals WHERE name != ?", (but,))
    query = "SELECT one, two, three, value FROM totals WHERE name = ?"
    return {name: db.rows(query, (name,)) for (name,) in names}
