"""What is remembered of each target, so that a restart of agent2 forgets nothing."""

from __future__ import annotations

from agent2.core.model import TargetState
from agent2.store.codec import pack, plain, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database


def load_all(db: Database) -> dict[str, TargetState]:
    """Return the remembered state of every target, by name."""
    rows = db.rows("SELECT name, state FROM targets")
    return {str(name): unpack(TargetState, state, {}) for name, state in rows}


def save(tx: sqlite3.Connection, name: str, state: TargetState) -> None:
    """Remember *state* of the target *name*."""
    tx.execute(
        "INSERT INTO targets (name, state) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET state = excluded.state",
        (plain(name), pack(state)),
    )
