"""The store's file under the write lock, outside any transaction: for care alone."""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os

from agent2.store.errors import SQLITE_ERRORS, from_sqlite
from agent2.store.lock import FileLock
from agent2.store.opening import connect
from agent2.store.place import absent


class Alone:
    """``with Alone(path) as connection``: no other program writes meanwhile.

    What SQLite refuses inside becomes a StoreError. The store is never made here.
    """

    __slots__ = ("_connection", "_lock", "path")

    def __init__(self, path: str) -> None:
        self.path = os.path.abspath(path)
        self._lock = FileLock(self.path + ".lock")
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> sqlite3.Connection:
        """Take the lock and open the file.

        Raises:
            StoreError: it is not there, held by another, damaged, not ours.
        """
        if not os.path.lexists(self.path):
            raise absent(self.path)
        try:
            self._lock.acquire()
            self._connection = connect(self.path, create=False)
        except BaseException:
            self._lock.close()
            raise
        return self._connection

    def __exit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        try:
            if self._connection is not None:
                self._connection.close()
        except SQLITE_ERRORS:
            pass  # a full disk: the WAL stays and is read at the next start
        finally:
            self._lock.close()
        if isinstance(error, SQLITE_ERRORS):
            raise from_sqlite(self.path, error) from None
