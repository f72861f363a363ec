"""What the parts of the ``resources`` check share: what is kept, what was seen."""

from __future__ import annotations

import time

from agent2.core.gauges import Gauge, shown
from agent2.core.leak import Memory
from agent2.core.model import Code
from agent2.core.value import value
from agent2.host import sockets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.core.limits import Held

MOMENT = 0.2  # seconds of the first look: one look at a clock is no span


class Kept:
    """What is remembered from look to look.

    Attributes:
        busy: A look is under way; only one at a time.
        held: Of each gauge: is its limit passed?
        memory: Of the processes, for their leak.
        root: Number and start of the oldest process; another one is a restart.
        dumped: What came of the program that was run for the leak that is suspected.
        disks: Of each disk: its bytes and busy milliseconds, as of *disks_at*.
        wall: The clock by which memory rises; another one lets hours pass.
    """

    def __init__(self) -> None:
        """Remember nothing."""
        self.busy = False
        self.held: dict[str, Held] = {}
        self.memory = Memory()
        self.root = (0, 0)
        self.cpu: tuple[float, float] | None = None
        self.busy_percent: float | None = None
        self.cpus: dict[tuple[int, int], float] = {}
        self.at = 0.0
        self.dumped = ""
        self.disks: dict[str, tuple[int, int]] = {}
        self.disks_at = 0.0
        self.wall = time.time


@value
class Seen:
    """One look. *missing*: no such process; *trouble*: what could not be measured."""

    gauges: tuple[Gauge, ...] = ()
    summary: str = ""
    leak: str = ""
    missing: str = ""
    trouble: str = ""


def connections(check: Any) -> list[Gauge]:
    """Return how many connections its port has: in all, and in each state."""
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


def summary(gauges: list[Gauge]) -> str:
    """Return in one line what was measured."""
    return "; ".join(
        f"{one.label} {shown(one)}" for one in gauges if one.amount is not None
    )
