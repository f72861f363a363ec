"""Who a PID is: a process is a pidfd and a start time, never a bare number.

``pidfd_open`` holds the very process (a thread's number is refused), and
``/proc/PID/stat`` tells its state (format: proc_pid_stat(5)). Systems without them
get ``processes_psutil``, imported when first asked.
"""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
import time

from agent2.host.exits import death_cause, describe_exit

__all__ = ["ProcessRef", "death_cause", "describe_exit", "open_process", "read_words"]

PID_MAX = 4_194_304  # the most that any Linux gives (PID_MAX_LIMIT)
_LINUX = sys.platform == "linux"
_TICKS = os.sysconf("SC_CLK_TCK")
_END = 4096  # characters of a command line, at its begin and at its end
OUR_TROUBLE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


class ProcessRef:
    """One process, held so that its number cannot come to mean another.

    Attributes:
        fd: Its pidfd, readable when it has died; None where there is none.
        start_ticks: Its start in clock ticks since boot; 0 where it is hidden.
        first_state: What ``state()`` said when it was opened.
    """

    __slots__ = ("fd", "first_state", "pid", "start_ticks")

    def __init__(
        self, pid: int, fd: int | None, start_ticks: int, first_state: str
    ) -> None:
        """Made by ``open_process``."""
        self.first_state = first_state
        self.pid = pid
        self.fd = fd
        self.start_ticks = start_ticks

    @property
    def identity(self) -> str:
        """Number and start: another process has another identity."""
        return f"{self.pid}:{self.start_ticks}"

    def state(self) -> str:
        """Return its letter of proc(5): ``Z`` zombie, ``X`` gone, ``?`` hidden."""
        seen = read_stat(self.pid)
        if self.alive():
            return seen[0] if seen is not None else "?"
        same = seen is not None and seen[1] == self.start_ticks
        return "Z" if same else "X"

    def alive(self) -> bool:
        """Is it running, stopped or waiting, and not dead or a zombie?"""
        return self.fd is not None and not _has_ended(self.fd)

    def signal(self, number: int) -> bool:
        """Send it a signal; False when it is gone. Never reaches another process.

        Raises:
            PermissionError: it belongs to somebody else.
        """
        if self.fd is None:
            return False
        try:
            signal.pidfd_send_signal(self.fd, number)
        except ProcessLookupError:
            return False
        return True

    def started_at(self) -> float:
        """Return its start in epoch seconds, by the wall clock.

        The kernel counts from boot, so a wall clock that is set moves every start.
        The earlier of now's answer and that of when we began is returned: a file that
        the process wrote before the clock was set is then not older than it.
        """
        return min(_BOOTED, _booted()) + self.start_ticks / _TICKS

    def close(self) -> None:
        """Let go of it; harmless when done twice."""
        fd, self.fd = self.fd, None
        if fd is not None:
            os.close(fd)


def _booted() -> float:
    """Return when the machine was started, by the wall clock as it stands now."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.time() - time.clock_gettime(clock)


_BOOTED = _booted()


def open_process(pid: int) -> ProcessRef | None:
    """Take hold of the process *pid*; None when there is none (a thread is none).

    Raises:
        OSError: our own trouble: no descriptor or no memory left.
    """
    if not hasattr(os, "pidfd_open"):
        return _open_elsewhere(pid)
    try:
        fd = os.pidfd_open(pid)
    except OverflowError:
        return None
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.EPERM):  # an old kernel; a sandbox
            return _open_elsewhere(pid)
        if error.errno in OUR_TROUBLE:
            raise
        return None
    try:
        seen = read_stat(pid)
    except OSError:
        os.close(fd)
        raise
    if _has_ended(fd) and (seen is None or seen[0] != "Z"):
        os.close(fd)  # gone, and the stat (if any) is that of a successor
        return None
    state, start = seen or ("?", 0)
    return ProcessRef(pid, fd, start, state)


def identity_of(pid: int) -> str | None:
    """Return number and start of the process *pid*; None when there is none."""
    process = open_process(pid)
    if process is None:
        return None
    process.close()
    return process.identity


def _open_elsewhere(pid: int) -> ProcessRef | None:
    from agent2.host.processes_psutil import open_by_psutil

    return open_by_psutil(pid)


def read_stat(pid: int) -> tuple[str, int] | None:
    """Return state letter and start ticks of *pid*; None when gone or hidden.

    The name in the second field may hold spaces and brackets: the last ``)`` counts.
    A leader that left its threads behind shows ``Z`` but the process lives: ``S``.

    Raises:
        OSError: our own trouble: no descriptor or no memory left.
    """
    try:
        fd = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in OUR_TROUBLE:
            raise
        return None
    try:
        fields = os.read(fd, 4096).rpartition(b")")[2].split(None, 20)
    except ProcessLookupError:
        return None
    finally:
        os.close(fd)
    state, threads, start = fields[0].decode(), int(fields[17]), int(fields[19])
    if state == "Z" and threads > 1:
        state = "S"
    return state, start


def read_words(pid: int) -> str:
    """Return name, program and command line of *pid*, for matching a pattern only.

    It may hold passwords: never show it. Of what is long only both ends: whoever may
    start a process chooses its words, and an expression that looks through 64 KiB of
    them can hold the interpreter for seconds.
    """
    if not _LINUX:
        from agent2.host.processes_psutil import words_by_psutil

        return _ends(words_by_psutil(pid))
    words = [_read(f"/proc/{pid}/comm").strip()]
    try:
        words.append(os.path.basename(os.readlink(f"/proc/{pid}/exe")))
    except OSError:
        pass  # another user's; the command line is still readable
    words.append(_read(f"/proc/{pid}/cmdline").replace("\0", " "))
    return _ends(" ".join(words).strip())


def _ends(told: str) -> str:
    return told if len(told) <= 2 * _END else f"{told[:_END]} {told[-_END:]}"


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(65536)
    except OSError:
        return ""


def _has_ended(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))
