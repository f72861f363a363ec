"""What the ``resources`` check measures of processes; runs in a thread of its own."""

from __future__ import annotations

import os
import re
import time

from agent2.checks.resources_seen import MOMENT, Seen, connections, summary
from agent2.core.gauges import Gauge
from agent2.core.model import Code
from agent2.core.text import plain
from agent2.host import machine, trees
from agent2.host.files import read_with_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.checks.resources_seen import Kept

_FIRST_NUMBER = re.compile(rb"\s*([1-9][0-9]{0,9})(?:\s|\Z)")
_MB = 1 << 20


def look(check: Any, kept: Kept) -> Seen:
    """Return what its processes, with all that they started, use now."""
    known = trees.table()
    roots = _roots(check, known)
    if isinstance(roots, str):
        return Seen(missing=roots)
    found = trees.tree([one.pid for one in roots], known)
    now = kept.wall()
    if kept.root != (roots[0].pid, roots[0].start):
        if kept.root[0]:
            kept.memory.renewed()
        kept.root = (roots[0].pid, roots[0].start)
    rss = float(sum(one.rss for one in found))
    limit = float(check.rss or machine.memory_size())
    gauges = [
        Gauge(
            "process_cpu", Code.CPU, "process CPU", _spent(kept, found),
            check.process_cpu,
        ),
        Gauge(
            "rss", Code.MEMORY, "process memory", round(rss / _MB, 1),
            check.rss / _MB, " MB",
        ),
        _files(found, check.files),
        Gauge(
            "threads", Code.LIMIT, "threads",
            float(sum(one.threads for one in found)), float(check.threads), "",
        ),
        *connections(check),
    ]  # fmt: skip
    leak = kept.memory.add(now, rss, limit) if check.leak else None
    text = ""
    if leak is not None:
        text = (
            f"memory leak suspected: {leak.rate * 3600 / _MB:.1f} MB/h, {rss / _MB:.0f}"
            f" of {limit / _MB:.0f} MB, full in {(leak.at - now) / 3600:.1f} h"
        )
    many = Gauge("processes", Code.LIMIT, "processes", float(len(found)), 0.0, "")
    gauges.append(many)
    return Seen(tuple(gauges), summary([many, *gauges[:4]]), leak=text)


def _roots(check: Any, known: dict[int, trees.Proc]) -> list[trees.Proc] | str:
    """Return the processes that are meant, oldest first, or why there are none."""
    pattern = plain(check.match)
    if pattern:
        user = plain(check.user)
        found = trees.matching(pattern, known, user)
        whose = f" of {user}" if user else ""
        return found or f"no process{whose} matches {pattern!r}"
    path = os.path.expanduser(plain(check.file))
    try:
        number = _FIRST_NUMBER.match(read_with_stat(path, 4096, trusted=True)[0])
    except OSError as error:
        return f"{check.file}: {error.strerror}"
    root = known.get(int(number[1])) if number is not None else None
    return [root] if root is not None else f"{check.file} names no process"


def _spent(kept: Kept, found: list[trees.Proc]) -> float | None:
    """Return the percent of one processor since the last look, at first of a moment.

    A process that was born since then counts whole, one that has ended not at all.
    """
    if not kept.cpus:
        kept.cpus, kept.at = _times(found), time.monotonic()
        time.sleep(MOMENT)
        found = trees.again(found)
    spent, now = _times(found), time.monotonic()
    before, since = kept.cpus, now - kept.at
    if since < MOMENT / 2:
        return None
    kept.cpus, kept.at = spent, now
    return 100.0 * sum(s - before.get(key, 0.0) for key, s in spent.items()) / since


def _times(found: list[trees.Proc]) -> dict[tuple[int, int], float]:
    return {(one.pid, one.start): one.cpu for one in found}


def _files(found: list[trees.Proc], limit: float) -> Gauge:
    """Return how full the process is that is nearest to its limit of descriptors."""
    worst: tuple[float, str] | None = None
    for one in found:
        seen = trees.files(one.pid)
        if seen is not None and seen[1] > 0:
            share = (
                100.0 * seen[0] / seen[1],
                f"PID {one.pid}: {seen[0]} of {seen[1]}",
            )
            worst = share if worst is None else max(worst, share)
    label = "open files" if worst is None else f"open files ({worst[1]})"
    return Gauge("files", Code.LIMIT, label, None if worst is None else worst[0], limit)
