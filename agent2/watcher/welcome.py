"""Targets that are watched from now on are told of: each is an event that is judged."""

from __future__ import annotations

from agent2.core.standing import Standing
from agent2.watcher.audit import added
from agent2.watcher.happened import ADDED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Protocol

    from agent2.host.clock import Clock
    from agent2.watcher.gates import Gates
    from agent2.watcher.memory import Memory
    from agent2.watcher.supervising import Supervising
    from agent2.watcher.watched import Watched

    class Parts(Protocol):
        """What of the agent is needed here."""

        clock: Clock
        events: Supervising
        gates: Gates
        memory: Memory


_AT_ONCE = 100  # the commits of checks go between


async def welcome(parts: Parts, fresh: list[Watched]) -> None:
    """Write down that *fresh* are watched; restarts and alerts do not wait for it."""
    pass_on = ADDED in parts.gates.pass_on
    for first in range(0, len(fresh), _AT_ONCE):
        some = fresh[first : first + _AT_ONCE]
        await parts.memory.commit(_written(parts, some, pass_on))
    if pass_on:
        parts.events.wake()


def _written(
    parts: Parts, some: list[Watched], pass_on: bool
) -> Callable[[Connection], None]:
    at, redlines = parts.clock.wall(), [parts.gates.redlines(each) for each in some]

    def inside(tx: Connection) -> None:
        for watched, limits in zip(some, redlines, strict=True):
            standing = Standing(at, redlines=limits)
            added(tx, watched.name, _about(watched), standing, pass_on=pass_on)

    return inside


def _about(watched: Watched) -> dict[str, object]:
    return {
        "checks": [name for name, _ in watched.checks],
        "command": [watched.program] if watched.program else [],
        "labels": watched.plan.labels,
    }
