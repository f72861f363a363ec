"""The PID file and its lock: the lock says "running", the number only says who.

``kill $(cat agent2.pid)`` of the user's scripts stays right: the file holds ASCII
digits and a newline, and is removed at the end only if it is still ours.
"""

from __future__ import annotations

import fcntl
import os

_LIMIT = 64


class LockedError(Exception):
    """Another instance holds the lock; ``pid`` is what it wrote (0 if unreadable)."""

    def __init__(self, pid: int) -> None:
        """Keep the PID of the other."""
        super().__init__(f"already running (PID {pid})")
        self.pid = pid


class Instance:
    """A held PID file. Close it by ``release``."""

    def __init__(self, path: str, fd: int) -> None:
        """Made by ``acquire``."""
        self._path = path
        self._fd = fd

    @classmethod
    def acquire(cls, path: str) -> Instance:
        """Lock *path*, write our PID into it and return it.

        Raises:
            LockedError: another process holds it.
            OSError: it cannot be made (a symlink, a folder, no permission).
        """
        while True:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
            fd = os.open(path, flags, 0o644)
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                pid = read_pid(fd)
                os.close(fd)
                raise LockedError(pid) from None
            if _is_file(fd, path):
                break
            os.close(fd)  # its last owner removed it between our open and lock
        os.fchmod(fd, 0o644)
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        return cls(path, fd)

    def release(self) -> None:
        """Remove the file if it is still ours, and let the lock go."""
        if _is_file(self._fd, self._path):
            os.unlink(self._path)
        os.close(self._fd)


def read_pid(fd: int) -> int:
    """Return the number in an open PID file, 0 if there is none."""
    text = os.pread(fd, _LIMIT, 0).strip()
    return int(text) if text.isdigit() else 0


def _is_file(fd: int, path: str) -> bool:
    try:
        there = os.lstat(path)
    except OSError:
        return False
    ours = os.fstat(fd)
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
