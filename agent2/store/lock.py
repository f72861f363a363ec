"""The one lock under which every program writes to the store.

SQLite before 3.51.3 can damage a WAL file when two connections write or
checkpoint at the same instant (its WAL-reset bug); its own locks do not prevent
that, this one does. The kernel lets go of it when the holder dies, however.
"""

from __future__ import annotations

import fcntl
import os
import time

from agent2.store.errors import StoreError, advise, from_os

PATIENCE = 10.0  # seconds; a commit takes milliseconds, so somebody is stuck
_FLAGS = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_LONGEST_NAP = 0.01


class FileLock:
    """An exclusive ``flock`` on *path* (0600). Not reentrant; one holder at a time."""

    __slots__ = ("_number", "_pid", "path")

    def __init__(self, path: str) -> None:
        """Nothing is opened before the first ``acquire``."""
        self.path = path
        self._number = -1
        self._pid = 0

    def acquire(self, patience: float = PATIENCE) -> None:
        """Take the lock, waiting up to *patience* seconds.

        Raises:
            StoreError: it was not free in time (``locked``), or it cannot be opened.
        """
        until = time.monotonic() + patience
        try:
            while True:
                self._open()
                self._wait(until)
                if self._still_there():
                    return
                self._close()  # somebody removed the file: others lock another one
        except OSError as error:
            raise from_os(self.path, error) from None

    def release(self) -> None:
        """Let go of it."""
        if self._number >= 0 and self._pid == os.getpid():
            fcntl.flock(self._number, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; a later ``acquire`` opens it again."""
        self._close()

    def _open(self) -> None:
        if self._pid != os.getpid():
            self._close()  # a fork shares its parent's lock: both would hold it
        if self._number < 0:
            self._number = os.open(self.path, _FLAGS, 0o600)
            self._pid = os.getpid()
            os.fchmod(self._number, 0o600)

    def _wait(self, until: float) -> None:
        nap = 0.0002
        while True:
            try:
                fcntl.flock(self._number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise self._refusal() from None
            time.sleep(nap)
            nap = min(nap * 2, _LONGEST_NAP)

    def _refusal(self) -> StoreError:
        return advise("locked", self.path, "the lock was not free in time")

    def _still_there(self) -> bool:
        mine = os.fstat(self._number)
        try:
            there = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (mine.st_dev, mine.st_ino) == (there.st_dev, there.st_ino)

    def _close(self) -> None:
        if self._number >= 0:
            os.close(self._number)
            self._number = -1
