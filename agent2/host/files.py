"""Files that are never torn, never followed elsewhere, never widened by umask."""

from __future__ import annotations

import errno
import os
import stat

_TRIES = 100


class UnsafeFileError(OSError):
    """The path is a link, no regular file, too large, or writable by strangers."""


class OversizeError(UnsafeFileError):
    """The file is larger than anything that is expected there."""


def write_atomic(
    path: str, data: bytes, mode: int = 0o644, *, sync: bool = True
) -> None:
    """Put *data* at *path* at once: a reader sees the old file or the new one.

    With *sync* it also survives a power cut; without, it only survives our death.

    Raises:
        OSError: the folder cannot be written or is full; the old file stands.
    """
    temporary = write_beside(path, data, mode, sync=sync)
    try:
        os.rename(temporary, path)
    except OSError:
        remove(temporary)
        raise
    if sync:
        sync_folder(os.path.dirname(path))


def write_beside(path: str, data: bytes, mode: int, *, sync: bool) -> str:
    """Write *data* to a new file in the folder of *path*; return its name.

    Raises:
        OSError: the folder cannot be written or is full; nothing is left there.
    """
    fd, temporary = _create_beside(path)
    try:
        try:
            os.fchmod(fd, mode)  # whatever the umask says
            left = memoryview(data)
            while left:
                left = left[os.write(fd, left) :]
            if sync:
                os.fsync(fd)
        finally:
            os.close(fd)
    except OSError:
        remove(temporary)
        raise
    return temporary


def _create_beside(path: str) -> tuple[int, str]:
    folder, slash, name = path.rpartition("/")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    for number in range(_TRIES):
        temporary = f"{folder}{slash}.{name}.{os.getpid()}-{number}.tmp"
        try:
            return os.open(temporary, flags, 0o600), temporary
        except FileExistsError:
            continue  # another thread's, or left by a dead process of our number
    raise FileExistsError(errno.EEXIST, "too many temporary files beside", path)


def sweep(folder: str) -> int:
    """Remove the temporary files that killed writers left; return how many.

    Call it before the first write: a file with our own number is a dead one's too.
    """
    swept = 0
    for name in os.listdir(folder):
        pid = name.rpartition(".tmp")[0].rpartition(".")[2].partition("-")[0]
        ours = name.startswith(".") and name.endswith(".tmp") and pid.isdecimal()
        if ours and (int(pid) == os.getpid() or not lives(int(pid))):
            remove(os.path.join(folder, name))
            swept += 1
    return swept


def lives(pid: int) -> bool:
    """Is there a process of this number, whoever it is? Nothing is signalled."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        pass  # another user's
    return True


def read_small(path: str, limit: int, *, trusted: bool = False) -> bytes:
    """Return the whole of the regular file at *path*; see ``read_with_stat``."""
    return read_with_stat(path, limit, trusted=trusted)[0]


def read_with_stat(
    path: str, limit: int, *, trusted: bool = False
) -> tuple[bytes, os.stat_result]:
    """Return the content of the regular file at *path* and its stat; never waits.

    With *trusted* it must not be writable by group or world.

    Raises:
        UnsafeFileError: a link, a FIFO, a folder, or not trusted.
        OversizeError: it has more than *limit* bytes.
        OSError: it is not there or cannot be read.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):  # a link; a socket
            raise _unsafe(path, "is not a regular file") from None
        raise
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise _unsafe(path, "is not a regular file")
        if trusted and found.st_mode & 0o022:
            raise _unsafe(path, "can be written by group or world")
        content = b""
        while len(content) <= limit:
            more = os.read(fd, limit + 1 - len(content))
            if not more:
                return content, found
            content += more
        raise OversizeError(errno.EFBIG, f"is larger than {limit} bytes", path)
    finally:
        os.close(fd)


def read_linked(path: str, most: int) -> tuple[bytes, os.stat_result]:
    """Return the first *most* bytes of the regular file to which *path* leads.

    Links are followed (Kubernetes gives secrets so); a FIFO is not waited for.

    Raises:
        UnsafeFileError: it leads to no regular file.
        OSError: it is not there or cannot be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            raise _unsafe(path, "is not a regular file")
        return os.read(fd, most), found
    finally:
        os.close(fd)


def _unsafe(path: str, why: str) -> UnsafeFileError:
    return UnsafeFileError(errno.EPERM, why, path)


def ensure_dir(path: str, mode: int = 0o755) -> None:
    """Make the folder *path* and those above it; new ones get *mode* despite umask.

    Raises:
        OSError: something else is in the way, or it cannot be made.
    """
    if os.path.isdir(path):
        return
    above = os.path.dirname(path)
    if above and above != path:
        ensure_dir(above, mode)
    try:
        os.mkdir(path, mode)
    except FileExistsError:
        if os.path.isdir(path):
            return  # made by another program just now
        raise NotADirectoryError(errno.ENOTDIR, "is not a folder", path) from None
    os.chmod(path, mode)


def sync_folder(path: str) -> None:
    """Make names in the folder *path* survive a power cut.

    Raises:
        OSError: the folder cannot be opened or synced.
    """
    fd = os.open(path or ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path: str) -> bool:
    """Remove the file *path*; was it there? Never raises."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True
