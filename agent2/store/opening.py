"""Open the store's file: whose it is, what it is, which version, how it is used."""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os

from agent2.store.errors import SQLITE_ERRORS, StoreError, advise, from_os, from_sqlite
from agent2.store.lock import FileLock
from agent2.store.place import absent, examine, move_aside
from agent2.store.schema import APPLICATION_ID, SUM, TABLES, VERSION, sum_of

BUSY_S = 5.0
_SMALL = 4 << 20  # bytes up to which a whole check costs a few milliseconds
_NOTE = (
    "the store {path} was damaged and is now {aside}; a new one was begun: "
    "open incidents and alerts not yet sent may be missing"
)
_PRAGMAS = (
    "PRAGMA synchronous = FULL",  # commit before deed, also when the power fails
    "PRAGMA wal_autocheckpoint = 0",  # checkpoints are taken under the lock alone
    "PRAGMA journal_size_limit = 4194304",
    "PRAGMA cache_size = -256",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA mmap_size = 0",  # a shrinking file would kill us with SIGBUS
)


def open_file(
    path: str, now: float | None, *, create: bool
) -> tuple[FileLock, sqlite3.Connection, str | None]:
    """Return lock and connection of the file at *path*, and what people must hear.

    The lock is held: the caller lets go of it. With *now* (steady seconds) a damaged
    file is moved aside and a new one begun.

    Raises:
        StoreError: any reason why the file cannot be used.
    """
    if not create and not os.path.lexists(path):
        raise absent(path)
    lock = FileLock(path + ".lock")
    try:
        lock.acquire()
        connection = _connect(path, create=create)
        try:
            _prepare(connection, path)
            if now is not None:
                _check(connection, path)
            return lock, connection, None
        except BaseException as error:
            try:
                aside = _aside(path, now, error)  # before it is closed: see there
            finally:
                connection.close()
            if not aside:
                raise
        connection = connect(path, create=True)
        return lock, connection, _NOTE.format(path=path, aside=aside)
    except BaseException:
        lock.close()
        raise


def connect(path: str, *, create: bool) -> sqlite3.Connection:
    """Return a connection to the file at *path*, migrated to the newest version.

    The caller holds the write lock: opening may recover a WAL or make tables.

    Raises:
        StoreError: any reason why the file cannot be used.
    """
    connection = _connect(path, create=create)
    try:
        _prepare(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: str, *, create: bool) -> sqlite3.Connection:
    """Return a bare connection; the file is looked at, not yet read."""
    try:
        examine(path, create=create)
        return sqlite3.connect(
            path,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=32,
        )
    except OSError as error:
        raise from_os(path, error) from None
    except SQLITE_ERRORS as error:
        raise from_sqlite(path, error) from None


def _aside(path: str, now: float | None, error: BaseException) -> str:
    """Move the file aside if *error* is damage and that was asked for.

    SQLite deletes the WAL when the last connection is closed, but not that of a file
    which has been renamed: the WAL may hold what is left of the last commits.
    """
    if now is None or not isinstance(error, StoreError) or error.kind != "damaged":
        return ""
    return move_aside(path, now)


def _check(connection: sqlite3.Connection, path: str) -> None:
    """Look at the tables, and at every page of a small file (4 MiB)."""
    try:
        found = _schema(connection)
        if sum_of(found) != SUM and not found >= _wanted_schema():
            raise advise("damaged", path, "its tables are not as they were made")
        if os.stat(path).st_size > _SMALL:
            return  # taken on trust: a whole check would hold up the start
        said = connection.execute("PRAGMA quick_check(1)").fetchone()
    except SQLITE_ERRORS as error:
        raise from_sqlite(path, error) from None
    except OSError as error:
        raise from_os(path, error) from None
    if said is None or said[0] != "ok":
        raise advise("damaged", path, str(said and said[0]))


def _schema(connection: sqlite3.Connection) -> set[tuple[object, ...]]:
    return set(connection.execute("SELECT name, sql FROM sqlite_master"))


def _wanted_schema() -> set[tuple[object, ...]]:
    from agent2.store.migrations import migrate  # rarely needed

    model = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(model, 0)
        return _schema(model)
    finally:
        model.close()


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    """See what the file is, bring it to the newest version, set up the connection."""
    connection.text_factory = _text
    try:
        version = _version(connection, path)
        # A file system without shared memory answers "delete": slower, still safe.
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        for pragma in _PRAGMAS:
            connection.execute(pragma).fetchone()
        if version < VERSION:
            from agent2.store.migrations import migrate

            migrate(connection, version)
    except SQLITE_ERRORS as error:
        raise from_sqlite(path, error) from None


def _version(connection: sqlite3.Connection, path: str) -> int:
    """Return the version of the file, or refuse it; nothing is written."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if tables and mark != APPLICATION_ID:
        what = "an SQLite file of another program: move it away"
        raise StoreError("io", f"{path}: {what}")
    if not 0 <= version <= VERSION:
        what = f"of a newer agent2 (version {version}, this one knows {VERSION})"
        raise StoreError("newer", f"{path}: {what}; run that one or restore a backup")
    lacking = version == VERSION and not tables >= TABLES
    if lacking or (version > 0) != bool(tables):
        raise advise("damaged", path, f"version {version} with {len(tables)} tables")
    return version


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")  # one bad byte must not hide a row
