"""Events that other programs write into a table of an SQLite file of their own.

The file is only read. A place in it is the ``rowid`` of the last row that was taken.
"""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os

from agent2.core.events import Event
from agent2.store import utc
from agent2.store.codec import load_object
from agent2.store.errors import SQLITE_ERRORS, from_sqlite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

_BUSY_S = 1.0
_OWN = "SUPERVISOR_*"  # lines of an audit, ours or an older program's, are no events


def rows_after(
    path: str, table: str, columns: dict[str, str], position: int, limit: int
) -> list[tuple[int, Event]]:
    """Return up to *limit* events behind *position*, oldest first, with their places.

    *columns* says which column is ``id``, ``type``, ``subject``, ``at``, ``payload``;
    one that is "" or not in the table is empty. An event without an id has "".

    Raises:
        StoreError: the file or the table cannot be read.
    """
    uri = "file:" + _quoted_path(os.path.abspath(path)) + "?mode=ro"
    try:
        connection = sqlite3.connect(
            uri, timeout=_BUSY_S, isolation_level=None, uri=True
        )
        try:
            known = {
                str(row[1])
                for row in connection.execute(f"PRAGMA table_info({_name(table)})")
            }
            picked = {key: name for key, name in columns.items() if name in known}
            if "type" not in picked:
                lacking = columns.get("type", "")
                raise sqlite3.OperationalError(
                    f"no table {table} with a column {lacking}"
                )
            found = connection.execute(
                _select(table, picked), (position, _OWN, limit)
            ).fetchall()
        finally:
            connection.close()
    except SQLITE_ERRORS as error:
        raise from_sqlite(path, error) from None
    return [
        (int(row[0]), _event(dict(zip(picked, row[1:], strict=True)))) for row in found
    ]


def checkpoint(db: Database, source: str) -> str:
    """Return how far *source* was read, "" for not yet.

    Raises:
        StoreError: the store cannot be read.
    """
    sql = "SELECT position FROM supervisor_checkpoint WHERE source = ?"
    found = db.rows(sql, (source,))
    return str(found[0][0]) if found else ""


def set_checkpoint(
    tx: sqlite3.Connection, source: str, position: str, now: float
) -> None:
    """Note how far *source* was read."""
    tx.execute(
        "INSERT OR REPLACE INTO supervisor_checkpoint (source, position, updated_at)"
        " VALUES (?, ?, ?)",
        (source, position, utc.text(now)),
    )


def _select(table: str, picked: dict[str, str]) -> str:
    names = ", ".join(_name(each) for each in picked.values())
    kind = _name(picked["type"])
    return (
        f"SELECT rowid, {names} FROM {_name(table)}"  # noqa: S608  (quoted names)
        f" WHERE rowid > ? AND {kind} NOT GLOB ? ORDER BY rowid LIMIT ?"
    )


def _event(row: dict[str, object]) -> Event:
    at = row.get("at")
    when = float(at) if isinstance(at, (int, float)) else utc.seconds(at)
    return Event(
        id=str(row.get("id") or ""),
        source="polling",
        subject=str(row.get("subject") or ""),
        type=str(row.get("type") or ""),
        at=when or 0.0,
        payload=load_object(row.get("payload")),
    )


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _quoted_path(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
