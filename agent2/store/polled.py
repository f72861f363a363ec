"""Events that other programs write into a table of an SQLite file of their own.

The file is only read. A place in it is the ``rowid`` of the last row that was taken.
Who can write it can write a view that never ends too: a look has a deadline and bounds.
"""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os
import stat
import time

from agent2.core.admission import LARGEST, LONGEST
from agent2.core.events import Event
from agent2.store import utc
from agent2.store.codec import load_object
from agent2.store.errors import SQLITE_ERRORS, StoreError, from_os, from_sqlite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.store.database import Database

_BUSY_S = 1.0
_LOOK_S = 5.0  # of one look
_STEPS = 10_000  # of SQLite's machine between two looks at the clock
_ROOM = 8 << 20  # characters of one look
_LONGEST = 32 << 20  # bytes of one value
_LENGTH = 0  # SQLITE_LIMIT_LENGTH: sqlite.org/c3ref/c_limit_attached.html
_OWN = "SUPERVISOR_*"  # lines of an audit, ours or an older program's, are no events


def rows_after(
    path: str, table: str, columns: dict[str, str], position: int, limit: int
) -> list[tuple[int, Event, str]]:
    """Return up to *limit* events behind *position*, oldest first, with their places.

    *columns* says which column is ``id``, ``type``, ``subject``, ``at``, ``payload``;
    one that is "" or not in the table is empty. An event without an id has "". The
    third of each says what in its row cannot be read, "" if nothing.

    Raises:
        StoreError: the file or the table cannot be read.
    """
    uri = "file:" + _quoted_path(os.path.abspath(path)) + "?mode=ro"
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a FIFO would hold us for ever
            raise StoreError("io", f"{path}: is not a regular file")
        connection = sqlite3.connect(uri, _BUSY_S, isolation_level=None, uri=True)
        try:
            _bounded(connection)
            picked = _picked(connection, table, columns)
            found = _fetched(connection, table, picked, (position, _OWN, limit))
        finally:
            connection.close()
    except OSError as error:
        raise from_os(path, error) from None
    except SQLITE_ERRORS as error:
        raise from_sqlite(path, error) from None
    if not all(isinstance(row[0], int) for row in found):
        raise StoreError("io", f"{path}: rowid of {table} is no whole number")
    return [(row[0], *_row(picked, row)) for row in found]


def _bounded(connection: sqlite3.Connection) -> None:
    until = time.monotonic() + _LOOK_S
    connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
    connection.setlimit(_LENGTH, _LONGEST)
    # One row that is no text must not keep all others from being read.
    connection.text_factory = _text


def _picked(
    connection: sqlite3.Connection, table: str, columns: dict[str, str]
) -> dict[str, str]:
    """Return those of *columns* that the table has."""
    sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)"
    is_table = connection.execute(sql, (table,)).fetchone()
    sql = f"PRAGMA table_info({_name(table)})"
    known = {str(row[1]) for row in connection.execute(sql)} if is_table else set()
    picked = {key: name for key, name in columns.items() if name in known}
    if "type" not in picked:
        lacking = columns.get("type", "")
        raise sqlite3.OperationalError(f"no table {table} with a column {lacking}")
    return picked


def _fetched(
    connection: sqlite3.Connection,
    table: str,
    picked: dict[str, str],
    params: tuple[object, ...],
) -> list[tuple[Any, ...]]:
    """Return rows; one of the first that is too large to be read is its place alone."""
    found: list[tuple[Any, ...]] = []
    room = _ROOM
    try:
        for row in connection.execute(_select(table, picked), params):
            found.append(row)
            room -= sum(len(one) for one in row if isinstance(one, (str, bytes)))
            if room < 0:
                break  # the rest comes with the next look
    except sqlite3.DataError:  # a value beyond the limit, perhaps of the row behind
        if found:
            return found
        *place, many = params
        if many != 1:
            return _fetched(connection, table, picked, (*place, 1))
        found = connection.execute(_next(table), place[:1]).fetchall()
    return found


def _row(picked: dict[str, str], row: tuple[Any, ...]) -> tuple[Event, str]:
    if len(row) == 1:
        return _event({})[0], f"a value is larger than {_LONGEST} bytes"
    return _event(dict(zip(picked, row[1:], strict=True)))


def _next(table: str) -> str:
    return (
        f"SELECT rowid FROM {_name(table)}"  # noqa: S608  (a quoted name)
        " WHERE rowid > ? ORDER BY rowid LIMIT 1"
    )


def checkpoint(db: Database, source: str) -> str:
    """Return how far *source* was read, "" for not yet."""
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
    names = ", ".join(_short(key, _name(name)) for key, name in picked.items())
    kind = _name(picked["type"])
    return (
        f"SELECT rowid, {names} FROM {_name(table)}"  # noqa: S608  (quoted names)
        f" WHERE rowid > ? AND {kind} NOT GLOB ? ORDER BY rowid LIMIT ?"
    )


def _short(key: str, name: str) -> str:
    """Return the SQL that reads of a column what an event may have, and one more."""
    most = (LARGEST if key == "payload" else LONGEST) + 1
    cut = f"substr({name}, 1, {most})"
    if key != "at":
        return cut
    return f"CASE WHEN typeof({name}) IN ('integer', 'real') THEN {name} ELSE {cut} END"


def _event(row: dict[str, object]) -> tuple[Event, str]:
    at, payload = row.get("at"), row.get("payload")
    when = float(at) if isinstance(at, (int, float)) else utc.seconds(at)
    flaw = ""
    if at not in (None, "") and when is None:
        flaw = "at is no time"
    if payload in (None, ""):
        tree: dict[str, Any] = {}
    else:
        tree = load_object(payload)
        if not tree and "".join(str(payload).split()) != "{}":
            flaw = "payload is no JSON object, or too large for one"
    made = Event(
        id=str(row.get("id") or ""),
        source="polling",
        subject=str(row.get("subject") or ""),
        type=str(row.get("type") or ""),
        at=when or 0.0,
        payload=tree,
    )
    return made, flaw


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _quoted_path(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
