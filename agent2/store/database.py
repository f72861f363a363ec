"""The door to the store: open it, read rows, write in one transaction.

Every write and every checkpoint of every program runs under one file lock (see
``lock.py``). Several threads may share one Database: they take turns.
"""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os
from _thread import RLock

from agent2.store.errors import SQLITE_ERRORS, StoreError, from_sqlite
from agent2.store.lock import PATIENCE
from agent2.store.opening import connect, open_file

__all__ = ["Database", "StoreError", "Transaction"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, TypeAlias

    from agent2.store.lock import FileLock

    Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]

_USUAL, _HURRIED = (PATIENCE, 5000), (0.1, 100)  # s for the lock, ms for SQLite
TRUNCATE = 1 << 20  # bytes of WAL above which a checkpoint also cuts the file
# Connections of the parent of a fork: closing one here could delete its WAL.
_ORPHANS: list[sqlite3.Connection] = []


class Transaction:
    """``with db.transaction() as tx``: all of it is committed, or nothing."""

    __slots__ = ("_db",)

    def __init__(self, db: Database) -> None:
        self._db = db

    def __enter__(self) -> sqlite3.Connection:
        return self._db._begin()

    def __exit__(self, kind: object, error: BaseException | None, _tb: object) -> None:
        self._db._end(error)


class Database:
    """The store of one state folder. Make it with ``open`` or ``open_or_replace``.

    Attributes:
        path: The file, absolute.
        replaced: How often the file was found gone or another one, and opened anew.
        idle: How often nothing was found to claim since the last claim.
        trouble: How often what (heartbeat …) of a queue could not be written since.
    """

    __slots__ = (
        "_connection", "_file", "_lock", "_patience", "_pid", "_turn", "idle", "path",
        "replaced", "trouble",
    )  # fmt: skip

    def __init__(
        self, path: str, lock: FileLock, connection: sqlite3.Connection
    ) -> None:
        """Not for callers."""
        self.path = path
        self.replaced = self.idle = 0
        self.trouble: dict[tuple[str, str], int] = {}
        self._lock = lock
        self._connection: sqlite3.Connection | None = connection
        self._file = _identity(path)
        self._patience = _USUAL
        self._pid = os.getpid()
        self._turn = RLock()

    @classmethod
    def open(cls, path: str, *, create: bool = True) -> Database:
        """Open the file at *path*, making it (0600) and its tables if need be.

        Raises:
            StoreError: it is of a newer version, damaged, not ours, not writable.
        """
        return cls._open(path, None, create=create)[0]

    @classmethod
    def open_or_replace(cls, path: str, now: float) -> tuple[Database, str | None]:
        """Open the file; if it is damaged, move it aside and begin a new one.

        Returns the store and, if it was replaced, the sentence that tells people.

        Raises:
            StoreError: anything but damage.
        """
        return cls._open(path, now, create=True)

    @classmethod
    def _open(
        cls, path: str, now: float | None, *, create: bool
    ) -> tuple[Database, str | None]:
        path = os.path.abspath(path)
        lock, connection, note = open_file(path, now, create=create)
        try:
            return cls(path, lock, connection), note
        finally:
            lock.release()

    def transaction(self) -> Transaction:
        """Return the context of one write transaction; it gives the connection.

        Raises (from ``with``):
            StoreError: it could not begin or commit; nothing of it is kept.
            RuntimeError: this thread is already inside one.
        """
        return Transaction(self)

    def rows(self, sql: str, params: Parameters = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a query.

        Raises:
            StoreError: the file cannot be read.
        """
        connection = self._enter()
        try:
            if not connection.in_transaction and self._moved():
                connection = self._reopen()
            return connection.execute(sql, params).fetchall()
        except SQLITE_ERRORS as error:
            raise from_sqlite(self.path, error) from None
        finally:
            self._turn.release()

    def hurry(self, *, yes: bool) -> None:
        """Wait for other writers a moment only, or (not *yes*) as long as is usual."""
        asked = _HURRIED if yes else _USUAL
        if asked is not self._patience:
            self._patience = asked
            self.rows(f"PRAGMA busy_timeout = {asked[1]}")

    def checkpoint(self, least: int = 0) -> None:
        """Move a WAL of *least* bytes into the file; cut it if large and not read.

        The watcher alone does this. The commit after it syncs twice.

        Raises:
            StoreError: the disk refuses.
        """
        connection = self._enter()
        try:
            if self._wal_bytes() < least:
                return
            self._lock.acquire(self._patience[0])
            try:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
                if self._wal_bytes() > TRUNCATE:
                    connection.execute("PRAGMA busy_timeout = 0").fetchone()
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            except SQLITE_ERRORS as error:
                raise from_sqlite(self.path, error) from None
            finally:
                usual = f"PRAGMA busy_timeout = {self._patience[1]}"
                connection.execute(usual).fetchone()
                self._lock.release()
        finally:
            self._turn.release()

    def quick_check(self) -> str | None:
        """Return what SQLite finds wrong with the file, or None. Reads all of it."""
        found = str(self.rows("PRAGMA quick_check(1)")[0][0])
        return None if found == "ok" else found

    def pages(self) -> int:
        """Return the size of the file in pages of 4096 bytes."""
        return int(self.rows("PRAGMA page_count")[0][0])

    def close(self) -> None:
        """Close it; what comes after raises StoreError. May be called twice."""
        with self._turn:
            connection, self._connection = self._connection, None
            if connection is None:
                return
            if self._pid != os.getpid():
                _ORPHANS.append(connection)
            else:
                self._close(connection)
            self._lock.close()

    def _close(self, connection: sqlite3.Connection) -> None:
        try:
            self._lock.acquire(1.0)  # the last one to close takes a checkpoint
        except StoreError:
            pass  # it is only taken when nobody else has the file open
        try:
            connection.close()
        except SQLITE_ERRORS:
            pass  # a full disk: the WAL stays and is read at the next start

    def _begin(self) -> sqlite3.Connection:
        connection = self._enter()
        try:
            if connection.in_transaction:
                raise RuntimeError("a transaction inside a transaction")
            self._lock.acquire(self._patience[0])
            try:
                if self._moved():
                    connection = self._fresh()
                connection.execute("BEGIN IMMEDIATE")
            except BaseException:
                self._lock.release()
                raise
        except BaseException as error:
            self._turn.release()
            if isinstance(error, SQLITE_ERRORS):
                raise from_sqlite(self.path, error) from None
            raise
        return connection

    def _end(self, error: BaseException | None) -> None:
        connection = self._connection
        assert connection is not None
        try:
            if error is None:
                connection.execute("COMMIT")
        except SQLITE_ERRORS as refused:
            error = refused
        finally:
            try:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            except SQLITE_ERRORS:
                pass  # SQLite has rolled back by itself
            finally:
                self._lock.release()
                self._turn.release()
        if isinstance(error, SQLITE_ERRORS):
            raise from_sqlite(self.path, error) from None

    def _enter(self) -> sqlite3.Connection:
        """Take the turn of this thread and return the connection of this process."""
        if self._pid != os.getpid():
            self._after_fork()
        self._turn.acquire()
        if self._connection is None:
            self._turn.release()
            raise StoreError("io", f"{self.path}: the store is closed")
        return self._connection

    def _after_fork(self) -> None:
        """Leave the parent's connection alone and open one of our own."""
        self._turn = RLock()  # its holder may not live here
        if self._connection is not None:
            self._lock.acquire()
            try:
                mine = connect(self.path, create=False)
            finally:
                self._lock.release()
            _ORPHANS.append(self._connection)
            self._connection = mine
            self._file = _identity(self.path)
        self._pid = os.getpid()

    def _moved(self) -> bool:
        return _identity(self.path) != self._file

    def _reopen(self) -> sqlite3.Connection:
        """Open what stands at the path now: the old file was removed or replaced."""
        self._lock.acquire()
        try:
            return self._fresh()
        finally:
            self._lock.release()

    def _fresh(self) -> sqlite3.Connection:
        """Open the file anew; the lock is held."""
        old = self._connection
        assert old is not None
        made = connect(self.path, create=True)
        self._adopt(made)
        old.close()  # SQLite sees that its file was moved and leaves the new WAL be
        return made

    def _adopt(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._file = _identity(self.path)
        self.replaced += 1

    def _wal_bytes(self) -> int:
        try:
            return os.stat(self.path + "-wal").st_size
        except OSError:
            return 0


def _identity(path: str) -> tuple[int, int] | None:
    try:
        facts = os.lstat(path)
    except OSError:
        return None
    return facts.st_dev, facts.st_ino
