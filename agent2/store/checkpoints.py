"""How far a place that is looked at for events was read."""

from __future__ import annotations

from agent2.store import utc
from agent2.store.codec import plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database


def get(db: Database, source: str) -> str | None:
    """Return the position of *source*, or None if it was never read."""
    rows = db.rows(
        "SELECT position FROM supervisor_checkpoint WHERE source = ?", (plain(source),)
    )
    return str(rows[0][0]) if rows else None


def put(tx: sqlite3.Connection, source: str, position: str, at: float) -> None:
    """Write the position of *source*, in the transaction that adds what was read."""
    tx.execute(
        "INSERT OR REPLACE INTO supervisor_checkpoint (source, position, updated_at)"
        " VALUES (?, ?, ?)",
        (plain(source), plain(position), utc.text(at)),
    )
