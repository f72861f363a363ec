"""A leash: nothing that a process has started outlives it, wherever it went.

A group is left with setpgid(2), a session with setsid(2), a parent by its death; who is
a "child subreaper" (prctl(2), Linux 3.4) is given every orphan below it all the same.
"""

from __future__ import annotations

import os
import select
import signal
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of <linux/prctl.h>


def take() -> bool:
    """Be given what is orphaned below this process; False: not on this machine."""
    import ctypes  # for who forks; the programs have their room without it

    try:
        os.close(os.pidfd_open(os.getpid()))
        return bool(ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def hold(child: int, wire: socket.socket) -> None:
    """Wait until *child* has ended, or the other end of *wire* is closed."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # orphans leave no zombies
    poller = select.poll()
    poller.register(wire, 0)  # that it hung up is always told
    try:
        poller.register(os.pidfd_open(child), select.POLLIN)
    except OSError:
        return  # it has ended
    poller.poll()


def pull(patience: float) -> None:
    """Kill all that descends from this process, for *patience* seconds at most.

    Only its own children, whose numbers nobody else has until they are reaped: when
    they are gone, theirs are its own.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    until = time.monotonic() + patience
    while time.monotonic() < until:
        for pid in _children():
            try:
                os.kill(pid, signal.SIGKILL)
            except PermissionError:
                continue  # it changed its user
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.001)


def gone(child: int, patience: float) -> bool:
    """Return whether *child* ends within *patience* seconds; it is not reaped."""
    try:
        handle = os.pidfd_open(child)
    except (OSError, AttributeError):
        return False
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    try:
        return bool(poller.poll(patience * 1000.0))
    finally:
        os.close(handle)


def _children() -> list[int]:
    own = b"%d" % os.getpid()
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                state, parent = file.read().rpartition(b")")[2].split()[:2]
        except (OSError, ValueError):
            continue  # it has ended
        if parent == own and state != b"Z":
            found.append(int(name))
    return found
