"""What a database holds, in figures that two of them can be compared by."""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os

from agent2.core.value import value
from agent2.store.errors import SQLITE_ERRORS, StoreError, from_os, from_sqlite
from agent2.store.schema import APPLICATION_ID, TABLES, VERSION

_TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table'"
    " AND name NOT LIKE 'sqlite_%' ORDER BY name"
)


@value
class Contents:
    """*version* of the tables; per table the number of rows and their digest."""

    version: int
    rows: dict[str, int]
    digests: dict[str, str]


def contents(connection: sqlite3.Connection, *, deep: bool = True) -> Contents:
    """Count the rows; *deep* makes a SHA-256 over all of a table in their order."""
    from hashlib import sha256

    rows: dict[str, int] = {}
    digests: dict[str, str] = {}
    for (name,) in connection.execute(_TABLES).fetchall():
        if not deep:
            found = connection.execute(f'SELECT count(*) FROM "{name}"')  # noqa: S608
            rows[name] = int(found.fetchone()[0])
            continue
        count, digest = 0, sha256()
        for row in connection.execute(f'SELECT * FROM "{name}"'):  # noqa: S608
            digest.update(repr(row).encode("utf-8", "surrogatepass"))
            count += 1
        rows[name], digests[name] = count, digest.hexdigest()
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    return Contents(version, rows, digests)


def read_copy(path: str, *, deep: bool = True) -> Contents:
    """Return what the database file at *path* holds; it is proved and not changed.

    Every page is looked at (``integrity_check``). No ``-wal`` is looked for: this is
    for copies that nobody writes to.

    Raises:
        StoreError: ``damaged``; of a ``newer`` version; no store of ours; not readable.
    """
    try:
        connection = frozen(path)
        try:
            _prove(connection, path)
            return contents(connection, deep=deep)
        finally:
            connection.close()
    except OSError as error:
        raise from_os(path, error) from None
    except SQLITE_ERRORS as error:
        told = from_sqlite(path, error)
        if told.kind != "damaged":
            raise told from None
        what = str(told).partition("; ")[0]  # it is not the store: another advice
        raise StoreError("damaged", f"{what}; take another copy") from None


def frozen(path: str) -> sqlite3.Connection:
    """Return a connection to a copy: read alone, nothing is made beside it."""
    from urllib.parse import quote

    with open(path, "rb") as file:  # SQLite would only say "unable to open"
        if not os.fstat(file.fileno()).st_size:
            raise StoreError("damaged", f"{path}: it is empty; take another copy")
    address = f"file:{quote(os.path.abspath(path))}?mode=ro&immutable=1"
    connection = sqlite3.connect(address, uri=True, isolation_level=None)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return connection


def _prove(connection: sqlite3.Connection, path: str) -> None:
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if found is None or found[0] != "ok":
        what = " ".join(str(found and found[0]).split())
        raise StoreError("damaged", f"{path}: {what}; take another copy")
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = {row[0] for row in connection.execute(_TABLES)}
    if mark != APPLICATION_ID or version < 1:
        raise StoreError("io", f"{path}: no store of agent2; name another file")
    if version > VERSION:
        raise StoreError(
            "newer", f"{path}: of a newer agent2; restore it with that one"
        )
    if version == VERSION and not tables >= TABLES:
        raise StoreError("damaged", f"{path}: tables are missing; take another copy")
