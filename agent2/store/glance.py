"""The store looked at and not touched: no mode is mended, no table made, no file left.

Everything else of ours opens the store to use it and puts right what it can on the way.
"""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os
import stat

from agent2.core.value import value
from agent2.store.contents import frozen
from agent2.store.database import Database
from agent2.store.errors import SQLITE_ERRORS, StoreError, from_os, from_sqlite
from agent2.store.lock import FileLock
from agent2.store.place import absent
from agent2.store.schema import APPLICATION_ID, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

_LARGE = 256 << 20  # bytes of which every page is still looked at


@value
class Standing:
    """What a store is: *version* of its tables, the *newest* that we know.

    Attributes:
        fault: What SQLite finds wrong with it, "" if nothing.
        whole: Every page was looked at; a very large file is taken on trust.
        size, wal: Bytes.
    """

    version: int
    newest: int
    fault: str
    whole: bool
    size: int
    wal: int


class Glance(Database):
    """``with Glance.at(path) as db``: a Database that answers ``rows`` alone."""

    __slots__ = ()

    @classmethod
    def at(cls, path: str) -> Self:
        """Open the file at *path* to look at it.

        Raises:
            StoreError: it is not there, no store of ours, damaged, or closed to us.
        """
        path = os.path.abspath(path)
        if not os.path.lexists(path):
            raise absent(path)
        try:
            if not stat.S_ISREG(os.lstat(path).st_mode):  # a FIFO would hold us up
                raise StoreError("io", f"{path}: not a plain file; move it away")
            connection = _connect(path)
            try:
                if connection.execute("PRAGMA application_id").fetchone() != (
                    APPLICATION_ID,
                ):
                    raise StoreError("io", f"{path}: no store of agent2; move it away")
            except BaseException:
                connection.close()
                raise
        except OSError as error:
            raise from_os(path, error) from None
        except SQLITE_ERRORS as error:
            raise from_sqlite(path, error) from None
        return cls(path, FileLock(path + ".lock"), connection)

    def __enter__(self) -> Self:
        """Nothing more."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close it; the lock was never taken."""
        self.close()

    def _close(self, connection: sqlite3.Connection) -> None:
        connection.close()

    def _moved(self) -> bool:
        return False  # what was opened is what is told of

    def standing(self) -> Standing:
        """Look at it as a whole; every page of a file up to 256 MiB."""
        size = os.stat(self.path).st_size
        whole = size <= _LARGE
        try:
            fault = (self.quick_check() or "") if whole else ""
        except StoreError as error:
            if error.kind != "damaged":
                raise
            fault = str(error).partition("; ")[0]
        version = int(self.rows("PRAGMA user_version")[0][0])
        wal = self._wal_bytes()
        return Standing(version, VERSION, fault, whole, size, wal)


def _connect(path: str) -> sqlite3.Connection:
    """Return a connection that reads alone.

    Without a WAL nobody has the file open, and it is read as a copy is: that leaves
    no file beside it. With one its index is shared, as among all that have it open.
    """
    if not os.path.exists(path + "-wal"):
        return frozen(path)
    from urllib.parse import quote

    with open(path, "rb"):
        pass  # SQLite would only say "unable to open"
    made = sqlite3.connect(
        f"file:{quote(path)}?mode=ro",
        uri=True,
        isolation_level=None,
        timeout=2.0,
        check_same_thread=False,
    )
    made.text_factory = lambda raw: raw.decode("utf-8", "replace")
    return made
