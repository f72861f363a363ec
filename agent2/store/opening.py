"""Open the store's file: whose it is, what it is, which version, how it is used."""

from __future__ import annotations

import os
import sqlite3
import stat
import time

from agent2.store.errors import StoreError, advise, from_os, from_sqlite
from agent2.store.lock import FileLock
from agent2.store.migrations import APPLICATION_ID, SCRIPTS, TABLES, migrate

BUSY_S = 5.0
_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_SMALL = 4 << 20  # bytes up to which a whole check costs a few milliseconds
_SIDES = ("-wal", "-shm")
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
        raise _absent(path)
    lock = FileLock(path + ".lock")
    note = None
    try:
        lock.acquire()
        try:
            connection = connect(path, create=create)
            if now is not None:
                _check(connection, path)
        except StoreError as error:
            if now is None or error.kind != "damaged":
                raise
            aside = _move_aside(path, now)
            connection = connect(path, create=True)
            note = (
                f"the store {path} was damaged and is now {aside}; a new one was "
                "begun: open incidents and alerts not yet sent may be missing"
            )
    except BaseException:
        lock.close()
        raise
    return lock, connection, note


def connect(path: str, *, create: bool) -> sqlite3.Connection:
    """Return a connection to the file at *path*, migrated to the newest version.

    The caller holds the write lock: opening may recover a WAL or make tables.

    Raises:
        StoreError: any reason why the file cannot be used.
    """
    try:
        _examine(path, create=create)
        connection = sqlite3.connect(
            path,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=32,
        )
    except OSError as error:
        raise from_os(path, error) from None
    except sqlite3.Error as error:
        raise from_sqlite(path, error) from None
    try:
        _prepare(connection, path)
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise from_sqlite(path, error) from None
        raise
    return connection


def _check(connection: sqlite3.Connection, path: str) -> None:
    """Look at every page of a small file (4 MiB); a larger one is taken on trust."""
    try:
        if os.stat(path).st_size > _SMALL:
            return
        found = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found is None or found[0] != "ok":
            raise advise("damaged", path, str(found and found[0]))
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise from_sqlite(path, error) from None
        raise


def _move_aside(path: str, now: float) -> str:
    """Rename the damaged file and its ``-wal`` and ``-shm``; return the new name."""
    base = aside = path + time.strftime(".damaged-%Y%m%d-%H%M%S", time.localtime(now))
    number = 1
    while os.path.lexists(aside):
        number += 1
        aside = f"{base}.{number}"
    try:
        for side in ("", *_SIDES):
            if os.path.lexists(path + side):
                os.rename(path + side, aside + side)
    except OSError as error:
        raise from_os(path, error) from None
    return aside


def _examine(path: str, *, create: bool) -> None:
    """Make the file (0600), or see that it is a plain file of our own.

    It is never opened here if it is there: closing another descriptor of it would
    drop the locks that a connection of this process holds (POSIX locks).
    """
    try:
        facts = os.lstat(path)
    except FileNotFoundError:
        if not create:
            raise _absent(path) from None
        _make(path)
        return
    if not stat.S_ISREG(facts.st_mode):
        raise advise("readonly", path, "not a plain file (a link?)")
    if facts.st_uid != os.geteuid():
        what = f"belongs to user {facts.st_uid}: run agent2 as that user"
        raise StoreError("readonly", f"{path}: {what}")
    for side in ("", *_SIDES):
        try:
            if stat.S_IMODE(os.lstat(path + side).st_mode) != 0o600:
                os.chmod(path + side, 0o600)
        except FileNotFoundError:
            continue


def _absent(path: str) -> StoreError:
    return StoreError("io", f"{path}: not there; start agent2 first")


def _make(path: str) -> None:
    number = os.open(path, _CREATE, 0o600)
    try:
        os.fchmod(number, 0o600)  # whatever the umask; -wal and -shm take it over
    finally:
        os.close(number)
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _prepare(connection: sqlite3.Connection, path: str) -> None:
    connection.text_factory = _text
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    mark = connection.execute("PRAGMA application_id").fetchone()[0]
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    if tables and mark != APPLICATION_ID:
        what = "an SQLite file of another program: move it away"
        raise StoreError("io", f"{path}: {what}")
    if not 0 <= version <= len(SCRIPTS):
        what = f"of a newer agent2 (version {version}, this one knows {len(SCRIPTS)})"
        raise StoreError("newer", f"{path}: {what}; run that one or restore a backup")
    lacking = version == len(SCRIPTS) and not tables >= TABLES
    if lacking or (version > 0) != bool(tables):
        raise advise("damaged", path, f"version {version} with {len(tables)} tables")
    # A file system without shared memory answers "delete": slower, still safe.
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    for pragma in _PRAGMAS:
        connection.execute(pragma).fetchone()
    migrate(connection, version)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")  # one bad byte must not hide a row
