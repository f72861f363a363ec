"""The PID file and its lock: the lock says "running", the number only says who.

``kill $(cat agent2.pid)`` of the user's scripts stays right: the file holds ASCII
digits and a newline, and is removed at the end only if it is still ours.

Whoever can read a file can lock it, and everybody reads this one. So a second lock
stands beside it that only its user can open (``.lock``, 0600): who has that one and
finds the first one held by no process of this user makes the file anew.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time

from agent2.host.files import ensure_dir, remove
from agent2.host.whose import is_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_LIMIT = 64
_PATIENCE_S = 0.5  # for one who only looks whether the file is locked
_ANEW = "AGENT2_ANEW"  # tells our next image why it began


class LockedError(Exception):
    """Another instance holds the lock; ``pid`` is what it wrote (0 if unreadable)."""

    def __init__(self, pid: int) -> None:
        who = f"(PID {pid})" if pid else "(its PID file is locked by another program)"
        super().__init__(f"already running {who}")
        self.pid = pid


class Instance:
    """A held PID file. Close it by ``release``."""

    def __init__(self, path: str, fd: int, own: int) -> None:
        """Made by ``acquire``."""
        self._path = path
        self._fd = fd
        self._own = own

    @classmethod
    def acquire(cls, path: str) -> Instance:
        """Lock *path*, write our PID into it and return it.

        Raises:
            LockedError: another process holds it.
            OSError: it cannot be made (a symlink, a folder, no permission).
        """
        own = _locked(path + ".lock", 0o600)
        if own < 0:
            raise LockedError(_named(path))
        try:
            fd = _public(path)
        except BaseException:
            os.close(own)
            raise
        os.fchmod(fd, 0o644)
        os.ftruncate(fd, 0)
        os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        return cls(path, fd, own)

    def lost(self) -> bool:
        """Is the file gone or another's, so that nobody can find us any more?

        Not where no other could be made: to be unseen is better than to be gone.
        """
        try:
            there = os.lstat(self._path)
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError:
            return False  # it cannot be seen just now
        else:
            if _same(os.fstat(self._fd), there):
                return False
        folder = os.path.dirname(self._path)
        try:
            ensure_dir(folder)
        except OSError:
            return False
        return os.access(folder, os.W_OK | os.X_OK)

    def release(self) -> None:
        """Remove the file if it is still ours, and let the lock go."""
        if _is_file(self._fd, self._path):
            os.unlink(self._path)
        os.close(self._fd)
        if _is_file(self._own, self._path + ".lock"):
            os.unlink(self._path + ".lock")
        os.close(self._own)


def _public(path: str) -> int:
    """Return the PID file, locked; ours is the lock that strangers cannot take.

    Raises:
        LockedError: another program of this user holds it.
    """
    until = time.monotonic() + _PATIENCE_S
    while (fd := _locked(path, 0o644)) < 0:
        pid = _named(path)
        # No number: somebody of this user locks it who never wrote one.
        if not pid or is_of(pid, os.geteuid()):
            raise LockedError(pid)
        if time.monotonic() < until:
            time.sleep(0.02)
        else:
            remove(path)  # its lock goes with it, to whoever likes it
    return fd


def _locked(path: str, mode: int) -> int:
    """Return the file at *path*, made if it is not there and locked; -1: it is held.

    Raises:
        OSError: it cannot be made (a symlink, a folder, no permission).
    """
    while True:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
        fd = os.open(path, flags, mode)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return -1
        if _is_file(fd, path):
            return fd
        os.close(fd)  # its last owner removed it between our open and lock


def _named(path: str) -> int:
    """Return the number in the PID file at *path*, 0 if there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return 0
    try:
        return read_pid(fd)
    finally:
        os.close(fd)


def begin_anew() -> NoReturn:
    """Start this program over in place: same process, same arguments, fresh files.

    For when the PID file went away under us (somebody removed the state folder): a
    second instance could start beside us, and both would write to one store. If it
    has, we end as any second start does.
    """
    _reap()
    words = list(sys.orig_argv[1:])
    while "--ready-fd" in words:  # who waited for us has its answer long since
        at = words.index("--ready-fd")
        del words[at : at + 2]
    os.environ[_ANEW] = "1"
    os.execv(sys.executable, [sys.executable, *words])  # noqa: S606  (no shell)


def began_anew() -> bool:
    """Is this image the successor of one that lost its PID file? Asked once."""
    return os.environ.pop(_ANEW, "") != ""


def _reap() -> None:
    """Give our children a second to end: the next image would not know them."""
    until = time.monotonic() + 1.0
    try:
        while os.waitpid(-1, os.WNOHANG)[0] or time.monotonic() < until:
            time.sleep(0.01)
    except ChildProcessError:
        pass  # there is none left


def read_pid(fd: int) -> int:
    """Return the number in an open PID file, 0 if there is none."""
    text = os.pread(fd, _LIMIT, 0).strip()
    return int(text) if text.isdigit() else 0


def _is_file(fd: int, path: str) -> bool:
    try:
        there = os.lstat(path)
    except OSError:
        return False
    return _same(os.fstat(fd), there)


def _same(ours: os.stat_result, there: os.stat_result) -> bool:
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
