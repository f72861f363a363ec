"""What the ``resources`` check measures, as gauges. Runs in a thread of its own."""

from __future__ import annotations

import os
import re
import time

from agent2.core.gauges import Gauge, shown
from agent2.core.leak import Memory
from agent2.core.model import Code
from agent2.core.text import plain
from agent2.core.value import value
from agent2.host import machine, sockets, trees
from agent2.host.files import read_with_stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.core.limits import Held

_FIRST_NUMBER = re.compile(rb"\s*([1-9][0-9]{0,9})(?:\s|\Z)")
_MB = 1 << 20
_HALF = 0.5  # seconds: shorter spans of a clock of 10 ms say nothing of a processor


class Kept:
    """What is remembered from look to look.

    Attributes:
        busy: A look is under way; only one at a time.
        held: Of each gauge: is its limit passed?
        memory: Of the processes, for their leak.
        root: Number and start of the oldest process; another one is a restart.
    """

    def __init__(self) -> None:
        """Remember nothing."""
        self.busy = False
        self.held: dict[str, Held] = {}
        self.memory = Memory()
        self.root = (0, 0)
        self.cpu: tuple[float, float] | None = None
        self.cpus: dict[tuple[int, int], float] = {}
        self.at = 0.0


@value
class Seen:
    """One look. *missing*: no such process; *trouble*: what could not be measured."""

    gauges: tuple[Gauge, ...] = ()
    summary: str = ""
    leak: str = ""
    missing: str = ""
    trouble: str = ""


def measure(check: Any, kept: Kept) -> Seen:
    """Return what *check* looks at, as it is now.

    Raises:
        OSError: the machine cannot be asked at all.
    """
    try:
        if plain(check.file) or plain(check.match):
            return _processes(check, kept)
        return _machine(check, kept)
    finally:
        kept.busy = False


def _machine(check: Any, kept: Kept) -> Seen:
    used, swap = machine.memory()
    gauges = [
        Gauge("cpu", Code.CPU, "CPU", _busy(kept), check.cpu),
        Gauge("memory", Code.MEMORY, "memory", used, check.memory),
    ]
    trouble = ""
    for place in check.disks:
        try:
            full, inodes = machine.disk(plain(place))
        except OSError as error:
            trouble = trouble or f"disk {place}: {error.strerror}"
            continue
        named = (f"disk:{place}", Code.DISK, f"disk {place}")
        gauges.append(Gauge(*named, full, check.disk))
        inode = (f"inodes:{place}", Code.DISK, f"inodes of {place}")
        gauges.append(Gauge(*inode, inodes, check.inodes))
    gauges.append(Gauge("swap", Code.LIMIT, "swap", swap, check.swap))
    gauges.append(Gauge("load", Code.LIMIT, "load", machine.load(), check.load, ""))
    for what in ("cpu", "memory", "io"):
        waits = (f"pressure:{what}", Code.LIMIT, f"waiting for {what}")
        gauges.append(Gauge(*waits, machine.pressure(what), check.pressure))
    gauges += _connections(check)
    main = gauges[:2] + [one for one in gauges if one.name.startswith("disk:")]
    return Seen(tuple(gauges), _summary(main), trouble=trouble)


def _busy(kept: Kept) -> float | None:
    """Return the percent of all processors since the last look; None at the first."""
    busy, whole = machine.cpu()
    before = kept.cpu
    if before is not None and whole - before[1] <= 0.0:
        return None
    kept.cpu = (busy, whole)
    if before is None:
        return None
    return min(max(100.0 * (busy - before[0]) / (whole - before[1]), 0.0), 100.0)


def _processes(check: Any, kept: Kept) -> Seen:
    known = trees.table()
    roots = _roots(check, known)
    if isinstance(roots, str):
        return Seen(missing=roots)
    found = trees.tree([one.pid for one in roots], known)
    now = time.time()
    if kept.root != (roots[0].pid, roots[0].start):
        if kept.root[0]:
            kept.memory.renewed()
        kept.root = (roots[0].pid, roots[0].start)
    rss = float(sum(one.rss for one in found))
    limit = float(check.rss or machine.memory_size())
    gauges = [
        Gauge(
            "process_cpu", Code.CPU, "process CPU", _spent(kept, found, now),
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
        *_connections(check),
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
    return Seen(tuple(gauges), _summary([many, *gauges[:4]]), leak=text)


def _roots(check: Any, known: dict[int, trees.Proc]) -> list[trees.Proc] | str:
    """Return the processes that are meant, oldest first, or why there are none."""
    pattern = plain(check.match)
    if pattern:
        found = trees.matching(pattern, known)
        return found or f"no process matches {pattern!r}"
    path = os.path.expanduser(plain(check.file))
    try:
        number = _FIRST_NUMBER.match(read_with_stat(path, 4096, trusted=True)[0])
    except OSError as error:
        return f"{check.file}: {error.strerror}"
    root = known.get(int(number[1])) if number is not None else None
    return [root] if root is not None else f"{check.file} names no process"


def _spent(kept: Kept, found: list[trees.Proc], now: float) -> float | None:
    """Return the percent of one processor since the last look; None at the first.

    A process that was born since then counts whole, one that has ended not at all.
    """
    spent = {(one.pid, one.start): one.cpu for one in found}
    before, since = kept.cpus, now - kept.at
    if before and since < _HALF:
        return None
    kept.cpus, kept.at = spent, now
    if not before:
        return None
    return 100.0 * sum(s - before.get(key, 0.0) for key, s in spent.items()) / since


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


def _connections(check: Any) -> list[Gauge]:
    if not check.port:
        return []
    states = sockets.connections(check.port)
    states.pop(sockets.LISTEN, None)
    many = float(sum(states.values()))
    parts = " ".join(f"{name} {states[name]}" for name in sorted(states))
    label = f"connections of port {check.port}" + (f" ({parts})" if parts else "")
    whole = Gauge("connections", Code.LIMIT, label, many, float(check.connections), "")
    return [whole] + [
        Gauge(f"connections:{name}", Code.LIMIT, name, float(n), 0.0, "")
        for name, n in sorted(states.items())
    ]


def _summary(gauges: list[Gauge]) -> str:
    """Return in one line what was measured."""
    return "; ".join(
        f"{one.label} {shown(one)}" for one in gauges if one.amount is not None
    )
