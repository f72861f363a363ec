"""Who holds the ports of a target, and how many wait there (``/proc/net/tcp``)."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

from agent2.evidence.process import read
from agent2.host.sockets import holds

_LISTEN = "0A"  # include/net/tcp_states.h
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LARGEST = 8 << 20  # bytes of a table: some 50,000 connections


def look(
    ports: Iterable[int], first: Iterable[int], until: float
) -> list[dict[str, Any]]:
    """Return port, listening, waiting, pid and name of the owner, for each of *ports*.

    *first* are the processes that are asked first; all others follow while there is
    time (*until*, monotonic). An owner that may not be looked into stays unnamed.
    """
    found: dict[int, tuple[int, str]] = {}
    for table in _TABLES:
        for line in read(table, _LARGEST).splitlines()[1:]:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTEN:
                port = int(fields[1].rpartition(":")[2], 16)
                waiting = int(fields[4].rpartition(":")[2], 16)
                found.setdefault(port, (waiting, fields[9]))
    return [_port(port, found.get(port), first, until) for port in ports]


def _port(
    port: int, seen: tuple[int, str] | None, first: Iterable[int], until: float
) -> dict[str, Any]:
    if seen is None:
        return {"port": port, "listening": False}
    waiting, inode = seen
    pid = _owner(f"socket:[{inode}]", first, until)
    name = read(f"/proc/{pid}/comm").strip() if pid else ""
    return {
        "port": port, "listening": True, "waiting": waiting, "pid": pid, "name": name
    }  # fmt: skip


def _owner(wanted: str, first: Iterable[int], until: float) -> int | None:
    others = (int(name) for name in os.listdir("/proc") if name.isdigit())
    for pid in (*first, *others):
        if time.monotonic() > until:
            return None
        if holds(pid, {wanted}):
            return pid
    return None
