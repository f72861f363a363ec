"""Proofs of alerts that were told from another store while this one was out of use."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from agent2.store.database import Database

    Proof = tuple[object, ...]  # receipt, when, id of the delivery


def proofs(db: Database) -> Sequence[Proof]:
    """Return what was delivered from *db*."""
    return db.rows(
        "SELECT receipt, finished_at, id FROM deliveries WHERE state = 'delivered'"
    )


def accept(tx: sqlite3.Connection, proved: Sequence[Proof]) -> None:
    """Mark deliveries that have their proof already: they are not told again."""
    tx.executemany(
        "UPDATE deliveries SET state = 'delivered', receipt = ?, finished_at = ?"
        " WHERE id = ? AND state = 'pending'",
        proved,
    )
