"""How a process ended, in words.

``PIDFD_GET_INFO`` with the exit bit: ``linux/pidfd.h``, Linux 6.15 and later.
"""

from __future__ import annotations

import fcntl
import os
import signal
import struct

_GET_INFO = 0xC040FF0B  # _IOWR(0xFF, 11, 64 bytes)
_INFO_EXIT = 1 << 3
_EXIT_CODE_AT = 60


def death_cause(fd: int) -> str:
    """Return how the dead process of the pidfd *fd* ended; "" where nobody tells.

    The kernel tells it of any process once its parent has reaped it, and of our own
    child before that; asking does not reap.
    """
    ask = bytearray(struct.pack("Q", _INFO_EXIT).ljust(64, b"\0"))
    try:
        fcntl.ioctl(fd, _GET_INFO, ask)
        if struct.unpack_from("Q", ask)[0] & _INFO_EXIT:
            return describe_exit(struct.unpack_from("i", ask, _EXIT_CODE_AT)[0])
    except OSError:
        pass  # an older kernel, or not reaped yet
    try:
        told = os.waitid(os.P_PIDFD, fd, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except (OSError, AttributeError):
        return ""  # not our child; no pidfd on this system
    if told is None:
        return ""
    if told.si_code == os.CLD_EXITED:
        return f"exit code {told.si_status}"
    return _killed(told.si_status, dumped=told.si_code == os.CLD_DUMPED)


def zombie_cause(pid: int) -> str:
    """Return how a dead process ended that nobody has reaped yet; "" if unknown.

    Field 52 of ``/proc/PID/stat`` (proc(5), Linux 3.5): the wait status, given to
    who may trace the process. A number that lives on is a successor: it tells nothing.
    """
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            fields = os.read(fd, 4096).rpartition(b")")[2].split()
        finally:
            os.close(fd)
    except OSError:
        return ""
    if len(fields) < 50 or fields[0] not in {b"Z", b"X"}:
        return ""
    status = int(fields[49])
    return describe_exit(status) if status else ""


def describe_exit(status: int) -> str:
    """Say a wait status in words: ``exit code 3``, ``killed by SIGKILL``."""
    if os.WIFSIGNALED(status):
        return _killed(os.WTERMSIG(status), dumped=os.WCOREDUMP(status))
    return f"exit code {os.WEXITSTATUS(status)}"


def _killed(number: int, *, dumped: bool) -> str:
    return f"killed by {signal_name(number)}" + (" (core dumped)" if dumped else "")


def signal_name(number: int) -> str:
    """Return the name of a signal, ``signal 34`` where it has none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
