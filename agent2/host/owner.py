"""Who holds a PID file: found by its lock, never by the number alone.

The lock (``flock`` for life) says "running"; the number in the file says who; the
command line says that it is ours. All three must hold, and it must be a process of the
file's own user: whoever can read the file can lock it, and call himself what he likes.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import time
from enum import Enum

from agent2.core.value import value
from agent2.host.files import lives
from agent2.host.whose import is_of

_DIGITS = re.compile(rb"\s*([1-9][0-9]{0,9})(?:\s|$)")
# How often the list of locks is read again: surely, at most, and seconds for the rest.
_SURELY, _MOST, _LIST_S = 5, 50, 0.1
_LARGEST = 64  # bytes; more than a number is not a PID file


class Presence(Enum):
    """What a PID file and its lock say together."""

    RUNNING = "running"
    STALE = "stale"  # a file that nobody holds, or a stranger
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    FOREIGN = "foreign"  # held by its own user, but not by a program of ours


@value
class Owner:
    """The answer: *pid* is 0 where there is none that can be trusted."""

    presence: Presence
    pid: int = 0

    @property
    def running(self) -> bool:
        """Is it one of ours, alive?"""
        return self.presence is Presence.RUNNING


def find(path: str, script: str) -> Owner:
    """Return who holds the PID file *path*; *script* must be in its command line."""
    try:
        # No FIFO may hang us and no symbolic link may lead us away.
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return Owner(Presence.ABSENT)
    except OSError:
        return Owner(Presence.UNREADABLE)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return Owner(Presence.UNREADABLE)
        for _ in range(20):
            owner = _judge(number, script)
            if owner is not None:
                return owner
            time.sleep(0.005)  # locked but not yet written: it is just starting
        return Owner(Presence.FOREIGN)
    finally:
        os.close(number)


def _judge(number: int, script: str) -> Owner | None:
    holder, user = _holder(number), os.fstat(number).st_uid
    found = _DIGITS.match(os.pread(number, _LARGEST, 0))
    named = int(found.group(1)) if found else 0
    ours = named != 0 and script in command_line(named) and is_of(named, user)
    # While other locks come and go, the system's list leaves some out (proc_locks(5)
    # is read in parts): where somebody of that number lives it is read again, and one
    # of ours is asked for by its lock at last. Whoever fills the list delays us little.
    until = time.monotonic() + _LIST_S
    for reading in range(_MOST if named and lives(named) else 0):
        if holder is not None or (reading >= _SURELY and time.monotonic() >= until):
            break
        holder = _holder(number)
    if holder is None and ours:
        holder = _tried(number)
    if holder is None:
        return Owner(Presence.STALE, named)
    pid = holder or named
    if not pid:
        return None
    if ours and script not in command_line(pid):
        pid = named  # a child may hold the lock for an instant between fork and exec
    if not is_of(pid, user):
        return Owner(Presence.RUNNING, named) if ours else Owner(Presence.STALE, named)
    is_program = script in command_line(pid)
    return Owner(Presence.RUNNING if is_program else Presence.FOREIGN, pid)


def _holder(number: int) -> int | None:
    """Return the PID that holds the lock, 0 if held by an unknown, None if free.

    Linux tells it without touching the lock, which would be in the way of a
    program that starts at this instant; elsewhere the lock is tried, shared.
    """
    file_ = os.fstat(number)
    device = f"{os.major(file_.st_dev):02x}:{os.minor(file_.st_dev):02x}"
    sure = os.major(file_.st_dev) != 0  # a disk; overlays may show another device
    try:
        with open("/proc/locks", encoding="ascii") as file:
            for line in file:
                words = line.split()
                where, _, inode = words[5].rpartition(":")
                if words[1] != "FLOCK" or inode != str(file_.st_ino):
                    continue
                if where == device:
                    return max(int(words[4]), 0)
                sure = False  # this number is also that of a file elsewhere
    except (OSError, ValueError, IndexError):
        sure = False
    return None if sure else _tried(number)


def _tried(number: int) -> int | None:
    """Return 0 if the lock is held by somebody, None if it is free; by trying it."""
    try:
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return 0
    except OSError:
        return None
    fcntl.flock(number, fcntl.LOCK_UN)
    return None


def command_line(pid: int) -> str:
    """Return the command line of *pid*, words joined by blanks, or ""."""
    return " ".join(arguments(pid))


def arguments(pid: int) -> list[str]:
    """Return the words of the command line of *pid*; [] when it is not there."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read(65536).decode(errors="replace").split("\0")
    except FileNotFoundError:
        if os.path.isdir("/proc/self"):
            return []
    except OSError:
        return []
    import subprocess

    told = subprocess.run(
        ["ps", "-o", "args=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.split()


def remove_stale(path: str) -> bool:
    """Remove the PID file *path* if nobody holds it; was there one to remove?

    The lock is taken for the instant of the removal, so that a program that starts
    now either sees the file locked and waits, or makes a new one.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(number).st_ino == os.lstat(path).st_ino:
            os.unlink(path)
            return True
        return False
    except OSError:
        return False
    finally:
        os.close(number)
