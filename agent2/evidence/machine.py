"""The machine at this moment: load, memory, pressure, disks, who uses the most."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from agent2.evidence.process import read, stat_of, ticks

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_TOP = 5


def load() -> dict[str, Any]:
    """Return load, cores and memory in bytes (``/proc/meminfo``)."""
    rows = (line.split() for line in read("/proc/meminfo").splitlines())
    memory = {row[0].rstrip(":"): int(row[1]) * 1024 for row in rows if len(row) > 1}
    return {
        "load": os.getloadavg(),
        "cores": os.cpu_count(),
        "memory_total": memory.get("MemTotal"),
        "memory_available": memory.get("MemAvailable"),
        "swap_free": memory.get("SwapFree"),
        "swap_total": memory.get("SwapTotal"),
    }


def pressure() -> dict[str, float]:
    """Return the share (%) of the last ten seconds in which all tasks stalled.

    ``full avg10`` of ``/proc/pressure`` (Documentation/accounting/psi).
    """
    found = {}
    for what in ("cpu", "memory", "io"):
        for line in read(f"/proc/pressure/{what}").splitlines():
            if line.startswith("full"):
                with suppress(IndexError, ValueError):
                    found[what] = float(line.split("avg10=")[1].split()[0])
    return found


def disks(paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return use of bytes and inodes (0–1) of each file system that holds *paths*."""
    found: dict[int, dict[str, Any]] = {}
    for path in paths:
        with suppress(OSError):
            device, facts = os.stat(path).st_dev, os.statvfs(path)
            if device not in found and facts.f_blocks:
                found[device] = _disk(path, facts)
    return list(found.values())


def _disk(path: str, facts: os.statvfs_result) -> dict[str, Any]:
    reach = facts.f_blocks - facts.f_bfree + facts.f_bavail  # what df calls 100 %
    used = (facts.f_blocks - facts.f_bfree) / max(reach, 1)
    inodes = 1.0 - facts.f_favail / facts.f_files if facts.f_files else 0.0
    place = os.path.realpath(path)
    while not os.path.ismount(place):
        place = os.path.dirname(place)
    return {
        "mount": place,
        "used": round(used, 4),
        "inodes_used": round(inodes, 4),
        "free": facts.f_bavail * facts.f_frsize,
    }


def times() -> dict[int, int]:
    """Return the ticks that each process has used, for ``busiest`` to subtract."""
    pids = (int(name) for name in os.listdir("/proc") if name.isdigit())
    return {pid: ticks(f"/proc/{pid}") for pid in pids}


def busiest(before: dict[int, int], seconds: float) -> dict[str, Any]:
    """Return who used most of the CPU since *before*, and most of the memory."""
    shares, sizes = [], []
    for pid, past in before.items():
        fields = stat_of(f"/proc/{pid}")
        if len(fields) > 21:
            spent = max(ticks(f"/proc/{pid}") - past, 0) / _TICKS / seconds
            shares.append((round(spent, 2), pid))
            sizes.append((int(fields[21]) * _PAGE, pid))
    busy = (row for row in heapq.nlargest(_TOP, shares) if row[0])
    large = heapq.nlargest(_TOP, sizes)
    return {
        "cpu": [_named(pid, {"cpu": share}) for share, pid in busy],
        "memory": [_named(pid, {"memory": size}) for size, pid in large],
    }


def _named(pid: int, facts: dict[str, Any]) -> dict[str, Any]:
    return {"pid": pid, "name": read(f"/proc/{pid}/comm").strip()} | facts
