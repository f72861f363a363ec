"""Events that other programs write into a table of an SQLite file of their own.

The file is only read. A place in it is the ``rowid`` of the last row that was taken.
"""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os

from agent2.core.admission import LARGEST, LONGEST
from agent2.core.events import Event
from agent2.store import utc
from agent2.store.codec import load_object
from agent2.store.errors import SQLITE_ERRORS, from_sqlite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.store.database import Database

_BUSY_S = 1.0
_ROOM = 8 << 20  # characters of one look
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
        connection = sqlite3.connect(
            uri, timeout=_BUSY_S, isolation_level=None, uri=True
        )
        try:
            # One row that is no text must not keep all others from being read.
            connection.text_factory = _text
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
            found = _fetched(connection, table, picked, (position, _OWN, limit))
        finally:
            connection.close()
    except SQLITE_ERRORS as error:
        raise from_sqlite(path, error) from None
    return [
        (int(row[0]), *_event(dict(zip(picked, row[1:], strict=True)))) for row in found
    ]


def _fetched(
    connection: sqlite3.Connection,
    table: str,
    picked: dict[str, str],
    params: tuple[object, ...],
) -> list[tuple[Any, ...]]:
    found, room = [], _ROOM
    for row in connection.execute(_select(table, picked), params):
        found.append(row)
        room -= sum(len(one) for one in row if isinstance(one, (str, bytes)))
        if room < 0:
            break  # the rest comes with the next look
    return found


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
