"""The sockets of a local port: how many in which state, and whose it is.

Linux from /proc/net/tcp and tcp6 (proc_pid_net(5)), elsewhere psutil. Call in a thread.
"""

from __future__ import annotations

import os

from agent2.host.machine import LINUX, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_STATES = {
    "01": "ESTABLISHED",
    "02": "SYN_SENT",
    "03": "SYN_RECV",
    "04": "FIN_WAIT1",
    "05": "FIN_WAIT2",
    "06": "TIME_WAIT",
    "07": "CLOSE",
    "08": "CLOSE_WAIT",
    "09": "LAST_ACK",
    "0A": "LISTEN",
    "0B": "CLOSING",
    "0C": "NEW_SYN_RECV",
}
LISTEN = "LISTEN"


def _rows(port: int) -> list[tuple[str, str]]:
    """Return state and inode of every TCP socket whose local port is *port*.

    Lines are sought, not parsed: a busy machine has thousands of them.
    """
    end, found = b":%04X" % port, []
    for path in ("/proc/net/tcp", "/proc/net/tcp6"):
        told = read(path)
        at = told.find(end + b" ")
        while at >= 0:
            start, stop = told.rfind(b"\n", 0, at) + 1, told.find(b"\n", at)
            # sl local remote st queues timer retransmits uid timeout inode
            fields = told[start:stop].split()
            if len(fields) > 9 and fields[1].endswith(end):  # not the remote port
                found.append((fields[3].decode(), fields[9].decode()))
            at = told.find(end + b" ", stop) if stop >= 0 else -1
    return [(_STATES.get(state, "?"), inode) for state, inode in found]


def connections(port: int) -> dict[str, int]:
    """Return how many sockets of local *port* there are in each state."""
    if not LINUX:
        from agent2.host import machine_psutil

        return machine_psutil.connections(port)
    found: dict[str, int] = {}
    for state, _ in _rows(port):
        found[state] = found.get(state, 0) + 1
    return found


def listeners(port: int, pids: Iterable[int]) -> tuple[set[int], bool]:
    """Return those of *pids* that listen on *port*, and whether anybody does.

    Processes of other users are hidden from us unless we are root: they count as none.
    """
    wanted = _listening(port)
    if not wanted:
        return set(), False
    return {pid for pid in pids if holds(pid, wanted)}, True


def owner(port: int, pids: Iterable[int]) -> int:
    """Return the first of *pids* that listens on *port*, 0 where none is seen to."""
    wanted = _listening(port)
    seen = pids if wanted else ()
    return next((pid for pid in seen if holds(pid, wanted)), 0)


def _listening(port: int) -> set[str]:
    return {f"socket:[{ino}]" for state, ino in _rows(port) if state == LISTEN}


def holds(pid: int, wanted: set[str]) -> bool:
    """Has *pid* one of *wanted* (``socket:[INODE]``) open? False where it is hidden."""
    folder = f"/proc/{pid}/fd"
    try:
        names = os.listdir(folder)
    except OSError:
        return False
    for name in names:
        try:
            if os.readlink(f"{folder}/{name}") in wanted:
                return True
        except OSError:
            continue  # closed meanwhile
    return False
