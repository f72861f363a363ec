"""Old logs, and their removal: regular files of named folders that nobody has open.

Ages count as ``find -mtime +N`` counts them: whole days, more than N.
"""

from __future__ import annotations

import errno
import os
import stat
from fnmatch import fnmatchcase

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DAY = 86400.0
_MAY_NOT = {errno.EACCES, errno.EPERM, errno.EINVAL, errno.ENOTSUP}


@value
class Old:
    """A log that is old enough; *why* says why it stays all the same, "" if it goes."""

    path: str
    size: int
    days: int
    why: str = ""


def old_logs(
    folder: str, names: Sequence[str], days: int, now: float, *, below: bool
) -> Iterator[tuple[Old, int]]:
    """Yield the old files of *folder* whose name fits, each with its open folder.

    With *below* those in folders below it too; no link is followed, to file or folder.
    The open folder holds until the next one is asked for.
    """
    top = os.path.realpath(folder)
    for place, inner, files, fd in os.fwalk(top, follow_symlinks=False):
        for name in sorted(files):
            if not any(fnmatchcase(name, pattern) for pattern in names):
                continue
            found = _looked_at(name, fd)
            if found is None:
                continue
            age = int((now - found.st_mtime) // _DAY)
            if age > days:
                path = os.path.join(place, name)
                yield Old(path, found.st_size, age, _held(name, fd)), fd
        if not below:
            inner.clear()


def removed(old: Old, fd: int) -> str:
    """Remove *old* from its folder *fd*; return why it could not be, "" if it was."""
    try:
        os.unlink(os.path.basename(old.path), dir_fd=fd)
    except OSError as error:
        return error.strerror or type(error).__name__
    return ""


def _looked_at(name: str, fd: int) -> os.stat_result | None:
    try:
        found = os.stat(name, dir_fd=fd, follow_symlinks=False)
    except OSError:
        return None
    return found if stat.S_ISREG(found.st_mode) else None


def _held(name: str, folder: int) -> str:
    """Return why a file must stay: somebody has it open, or that cannot be known.

    A lease is given by the kernel only for a file that nobody else has open
    (fcntl(2), F_SETLEASE). For files of others processes are looked through.
    """
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        fd = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        return error.strerror or "cannot be opened"
    try:
        import fcntl

        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)  # gone when it is closed
    except OSError as error:
        if error.errno == errno.EAGAIN:
            return "is open"
        return _sought(fd) if error.errno in _MAY_NOT else str(error.strerror)
    except AttributeError:  # no leases here
        return "it cannot be known whether it is open"
    finally:
        os.close(fd)
    return ""


def _sought(fd: int) -> str:
    found = os.fstat(fd)
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            for name in os.listdir(f"/proc/{pid}/fd"):
                if pid == str(os.getpid()) and name == str(fd):
                    continue
                other = os.stat(f"/proc/{pid}/fd/{name}")
                if (other.st_dev, other.st_ino) == (found.st_dev, found.st_ino):
                    return "is open"
        except PermissionError:
            return "it cannot be known whether it is open"
        except OSError:
            continue  # ended just now
    return ""
