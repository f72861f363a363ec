"""Gates and the states of subjects, in the tables of the user's documents."""

from __future__ import annotations

from agent2.core.events import Gate
from agent2.core.value import value
from agent2.store import utc
from agent2.store.codec import dump_json, load_object, plain
from agent2.store.rows import cells, insert, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from agent2.store.database import Database

_GATE = "task_id, gate_name, state, reason, who, created_at"
_INSERT = insert("task_gates", _GATE, otherwise="REPLACE")
_gate = reader(Gate, at=utc.moment)


@value
class Task:
    """How a subject stands.

    Attributes:
        status: Its own word: ``healthy``, ``blocked`` …
        at: When it was written, epoch seconds.
    """

    subject: str
    status: str
    metadata: dict[str, Any]
    at: float


def put(tx: sqlite3.Connection, gate: Gate) -> None:
    """Write *gate* over what its subject had under that name."""
    row = cells(gate.subject, gate.name, gate.state, gate.reason, gate.who)
    tx.execute(_INSERT, (*row, utc.text(gate.at)))


def of(db: Database, subject: str) -> tuple[Gate, ...]:
    """Return the gates of *subject* and those of all subjects (``*``)."""
    return _gates(db, "WHERE task_id IN (?, '*')", plain(subject))


def all_of(db: Database) -> tuple[Gate, ...]:
    """Return every gate, by subject and name."""
    return _gates(db, "")


def spend(tx: sqlite3.Connection, subject: str, name: str) -> None:
    """Take an approval away; a gate that somebody has closed since then stays."""
    tx.execute(
        "DELETE FROM task_gates"
        " WHERE task_id = ? AND gate_name = ? AND state = 'APPROVED'",
        (plain(subject), plain(name)),
    )


def put_task(
    tx: sqlite3.Connection,
    subject: str,
    status: str,
    metadata: dict[str, Any],
    at: float,
) -> None:
    """Write how *subject* stands over what stood there."""
    tx.execute(
        "INSERT OR REPLACE INTO tasks (task_id, status, metadata, updated_at)"
        " VALUES (?, ?, ?, ?)",
        (plain(subject), plain(status), dump_json(metadata), utc.text(at)),
    )


def task(db: Database, subject: str) -> Task | None:
    """Return how *subject* stands, or None if nobody has said."""
    rows = db.rows(
        "SELECT task_id, status, metadata, updated_at FROM tasks WHERE task_id = ?",
        (plain(subject),),
    )
    for name, status, metadata, at in rows:
        return Task(str(name), str(status), load_object(metadata), utc.moment(at))
    return None


def _gates(db: Database, where: str, *params: object) -> tuple[Gate, ...]:
    rows = db.rows(
        f"SELECT {_GATE} FROM task_gates {where} ORDER BY task_id, gate_name",  # noqa: S608
        params,
    )
    return tuple(map(_gate, rows))
