"""Processes by pattern, and what a process uses with all that it started.

Every function may take milliseconds on a busy machine: call them in a thread.
"""

from __future__ import annotations

import os
import re

from agent2.core.value import value
from agent2.host.machine import LINUX, read
from agent2.host.processes import read_words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@value
class Proc:
    """One process: *cpu* in seconds so far, *start* in ticks since boot, bytes."""

    pid: int
    parent: int
    cpu: float
    threads: int
    start: int
    rss: int


def table() -> dict[int, Proc]:
    """Return every process, zombies left out (they use nothing)."""
    if not LINUX:
        from agent2.host import machine_psutil

        return machine_psutil.table()
    found = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            one = _proc(int(name))
            if one is not None:
                found[one.pid] = one
    return found


def again(known: list[Proc]) -> list[Proc]:
    """Return those of *known* that still live, as they are now."""
    if LINUX:
        seen = [_proc(one.pid) for one in known]
        return [one for one in seen if one is not None]
    now = table()
    return [now[one.pid] for one in known if one.pid in now]


def _proc(pid: int) -> Proc | None:
    """Read proc_pid_stat(5); the name may hold brackets: the last one counts."""
    fields = read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if len(fields) < 22 or fields[0] in (b"Z", b"X"):
        return None
    return Proc(
        pid,
        int(fields[1]),
        (int(fields[11]) + int(fields[12])) / _TICKS,
        int(fields[17]),
        int(fields[19]),
        int(fields[21]) * _PAGE,
    )


def tree(roots: Iterable[int], known: dict[int, Proc]) -> list[Proc]:
    """Return *roots* and all that descends from them, those that are in *known*."""
    below: dict[int, list[int]] = {}
    for one in known.values():
        below.setdefault(one.parent, []).append(one.pid)
    todo, found = list(roots), {}
    while todo:
        pid = todo.pop()
        if pid in known and pid not in found:
            found[pid] = known[pid]
            todo += below.get(pid, ())
    return list(found.values())


def matching(pattern: str, known: dict[int, Proc], user: str = "") -> list[Proc]:
    """Return the processes whose name, program or command line has *pattern* (a regex).

    With *user* (a name or number) only those that run for that user alone.

    Never we ourselves or who started us (but for the first process of all): a shell's
    words may hold the pattern. What we started counts: it may be a restarted service.
    """
    own, above = set(), os.getpid()
    while above > 1:
        own.add(above)
        parent = known.get(above)
        above = parent.parent if parent is not None else 0
    wanted = re.compile(pattern)
    found = [p for p in known.values() if p.pid not in own and _has(wanted, p.pid)]
    if user:
        from agent2.host.whose import is_of  # who does not ask for it does not pay

        uid = _uid(user)
        found = [p for p in found if is_of(p.pid, uid)]
    return sorted(found, key=lambda one: (one.start, one.pid))


def _uid(user: str) -> int:
    import pwd

    try:
        return int(user) if user.isdecimal() else pwd.getpwnam(user).pw_uid
    except KeyError:
        raise FileNotFoundError(2, f"there is no user {user!r}") from None


def _has(wanted: re.Pattern[str], pid: int) -> bool:
    return wanted.search(read_words(pid)) is not None


def files(pid: int) -> tuple[int, int] | None:
    """Return the open descriptors of *pid* and how many it may have; None: hidden.

    The size of ``/proc/PID/fd`` is their number since Linux 6.2; before, it is 0.
    """
    if not LINUX:
        from agent2.host import machine_psutil

        return machine_psutil.files(pid)
    try:
        many = os.stat(f"/proc/{pid}/fd").st_size or len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None
    soft = read(f"/proc/{pid}/limits").partition(b"Max open files")[2].split()
    if not soft or not soft[0].isdigit():
        return None
    return many, int(soft[0])
