"""Was a process killed for want of memory? The counters of its cgroup tell.

``memory.events`` of cgroup v2 and ``memory.oom_control`` of v1 have a line ``oom_kill``
(kernel docs: admin-guide/cgroup-v2, cgroup-v1/memory; Linux 4.13). They are read when
the process is taken hold of, since a dead one has no cgroup, and again at its death.
"""

from __future__ import annotations

import os

_V2 = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
_V1 = "/sys/fs/cgroup/memory"


class OomCount:
    """The killings for want of memory in one cgroup, counted from now on."""

    __slots__ = ("_before",)

    def __init__(self, pid: int) -> None:
        """Find the cgroup of *pid* and count what was; without one nothing is told."""
        self._before = _counts(pid)

    def rose(self) -> bool:
        """Was anything of the cgroup killed since?

        A unit's cgroup goes with its last process: its parent has counted it too (v2).
        """
        for path, before in self._before:
            now = _count(path)
            if now is not None:
                return now > before
        return False


def _counts(pid: int) -> list[tuple[str, int]]:
    """Return files with a count, and the counts, of the cgroup of *pid* and above."""
    found = []
    for line in _read(f"/proc/{pid}/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        if not controllers:
            roots, name = _V2, "memory.events"
        elif "memory" in controllers.split(","):
            roots, name = [_V1], "memory.oom_control"
        else:
            continue
        for root in roots:
            for folder in (place, os.path.dirname(place)):
                path = f"{root}{folder}/{name}"
                count = _count(path)
                if count is not None:
                    found.append((path, count))
    return found


def _count(path: str) -> int | None:
    for line in _read(path).splitlines():
        name, _, number = line.partition(" ")
        if name == "oom_kill" and number.isdigit():
            return int(number)
    return None


def _read(path: str) -> str:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(fd, 4096).decode("ascii", "replace")
    except OSError:
        return ""
    finally:
        os.close(fd)
