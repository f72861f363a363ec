"""One process as proc(5) shows it: state, threads, descriptors, tree, limits."""

from __future__ import annotations

import os
import resource
from collections import Counter
from contextlib import suppress
from typing import Any

from agent2.core.redaction import redact
from agent2.core.text import scrub

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MOST = 200  # threads, files, members of the tree that are shown
_FUTEX = {"x86_64": "202", "aarch64": "98"}  # asm/unistd.h


def read(path: str, most: int = 65536) -> str:
    """Return the beginning of a file, "" where it cannot be read."""
    try:
        with open(path, "rb") as file:
            return file.read(most).decode("utf-8", "replace")
    except OSError:
        return ""


def stat_of(place: str) -> list[str]:
    """Return the fields of ``stat`` in *place* from the third on; [] when gone."""
    return read(f"{place}/stat").rpartition(")")[2].split()


def ticks(place: str) -> int:
    """Return user and system time so far, in clock ticks."""
    fields = stat_of(place)
    return int(fields[11]) + int(fields[12]) if len(fields) > 12 else 0


def threads(pid: int) -> dict[int, int]:
    """Return the time so far of each thread, for ``describe`` to subtract."""
    folder = f"/proc/{pid}/task"
    with suppress(OSError):
        return {int(t): ticks(f"{folder}/{t}") for t in os.listdir(folder)[:_MOST]}
    return {}


def describe(
    pid: int, before: dict[int, int], seconds: float, secrets: tuple[str, ...]
) -> dict[str, Any] | None:
    """Return what is to be seen of *pid*, but *secrets*; None when it is gone.

    *before* is what ``threads`` said *seconds* ago: CPU shares are over that time.
    """
    place = f"/proc/{pid}"
    fields = stat_of(place)
    if not fields:
        return None
    command = read(f"{place}/cmdline").replace("\0", " ").strip()
    return {
        "pid": pid,
        "state": fields[0],
        "command": redact(scrub(command, secrets)),
        "memory": int(fields[21]) * _PAGE,
        "tree": tree(pid),
        "threads": [_thread(pid, t, b, seconds) for t, b in before.items()],
        "descriptors": _descriptors(pid),
        "cgroup": _cgroup(pid),
    }


def _thread(pid: int, tid: int, before: int, seconds: float) -> dict[str, Any]:
    place = f"/proc/{pid}/task/{tid}"
    fields = stat_of(place)
    return {
        "tid": tid,
        "name": read(f"{place}/comm").strip(),
        "state": fields[0] if fields else "X",
        "wait": _wait(place),
        "cpu": round(max(ticks(place) - before, 0) / _TICKS / seconds, 2),
    }


def _wait(place: str) -> str:
    """Return where in the kernel it waits; by its system call where that is hidden."""
    where = read(f"{place}/wchan").strip()
    if where not in ("", "0"):
        return where
    call = read(f"{place}/syscall").split(" ")[0].strip()
    return "futex" if call == _FUTEX.get(os.uname().machine) else ""


def tree(pid: int) -> list[int]:
    """Return *pid* and everything below it."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = stat_of(f"/proc/{name}")
            if len(fields) > 1:
                children.setdefault(int(fields[1]), []).append(int(name))
    found = [pid]
    for one in found:
        found += children.get(one, ())
        if len(found) > _MOST:
            break
    return found


def _descriptors(pid: int) -> dict[str, Any]:
    names = []
    with suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                names.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
    try:
        limit = resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]
    except (OSError, ValueError):
        limit = None
    kinds = Counter(name.partition(":")[0] if ":" in name else "file" for name in names)
    return {
        "open": len(names),
        "limit": limit,
        "kinds": dict(kinds.most_common()),
        "files": sorted({name for name in names if name.startswith("/")})[:_MOST],
    }


def _cgroup(pid: int) -> dict[str, Any]:
    """Return use, limit and killings of its memory cgroup (v2, else v1)."""
    for line in read(f"/proc/{pid}/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if not controllers:
            memory = ("current", "max", "events")
            root = f"/sys/fs/cgroup{place}"
        elif "memory" in controllers.split(","):
            root = f"/sys/fs/cgroup/memory{place}"
            memory = ("usage_in_bytes", "limit_in_bytes", "oom_control")
        else:
            continue
        use, limit, events = (read(f"{root}/memory.{n}").strip() for n in memory)
        if use.isdigit():
            return {
                "memory": int(use),
                "memory_limit": int(limit) if limit.isdigit() else None,
                "oom_kills": _count(events),
            }
    return {}


def _count(events: str) -> int:
    rows = (line.split() for line in events.splitlines())
    return next((int(r[1]) for r in rows if r[:1] == ["oom_kill"] and len(r) == 2), 0)
