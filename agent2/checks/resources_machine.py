"""What the ``resources`` check measures of the machine; runs in a thread of its own."""

from __future__ import annotations

import time

from agent2.checks.resources_seen import MOMENT, Seen, connections, summary
from agent2.core.gauges import Gauge
from agent2.core.model import Code
from agent2.core.text import plain
from agent2.host import machine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.checks.resources_seen import Kept

_MB = 1 << 20


def look(check: Any, kept: Kept) -> Seen:
    """Return what the machine uses now.

    Raises:
        OSError: it cannot be asked at all.
    """
    used, swap = machine.memory()
    kept.disks = kept.disks or machine.disks_worked()
    kept.disks_at = kept.disks_at or time.monotonic()
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
    gauges += [*_worked(check, kept), *connections(check)]
    main = gauges[:2] + [one for one in gauges if one.name.startswith("disk:")]
    return Seen(tuple(gauges), summary(main), trouble=trouble)


def _worked(check: Any, kept: Kept) -> list[Gauge]:
    """Return what the disks did since the last look; nothing where none is known."""
    before, since, now = kept.disks, kept.disks_at, time.monotonic()
    if not before or now - since < MOMENT / 2:
        return []
    kept.disks, kept.disks_at = machine.disks_worked(), now
    moved, worst = 0, (0.0, "")
    for name, (size, busy) in kept.disks.items():
        old = before.get(name, (size, busy))
        moved += max(size - old[0], 0)
        percent = max(busy - old[1], 0) / (now - since) / 10
        worst = max(worst, (min(percent, 100.0), name))
    speed, limit = moved / (now - since) / _MB, check.disk_io / _MB
    label = f"busiest disk {worst[1]}".strip()
    return [
        Gauge("disk_io", Code.LIMIT, "disk I/O", speed, limit, " MB/s"),
        Gauge("disk_busy", Code.LIMIT, label, worst[0], check.disk_busy),
    ]


def _busy(kept: Kept) -> float | None:
    """Return the percent of all processors since the last look; first, of a moment."""
    before = kept.cpu
    if before is None:
        before = machine.cpu()
        time.sleep(MOMENT)
    busy, whole = now = machine.cpu()
    if whole > before[1]:  # else no tick has passed: what was seen last still holds
        share = (busy - before[0]) / (whole - before[1])
        kept.cpu, kept.busy_percent = now, min(max(100.0 * share, 0.0), 100.0)
    return kept.busy_percent
