"""The watcher's side of judging events: a supervisor runs while there are some.

It leaves by itself when the inbox is empty (``agent2/supervisor``). One that must stay
(``events.resident``, polled sources) is started again whenever it ended.
"""

from __future__ import annotations

from agent2.plan.events import EventsPlan
from agent2.store import turns
from agent2.watcher.child import Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor
    from agent2.watcher.memory import Memory

_LONGEST_WAIT = 60.0


class Supervising:
    """Has a supervisor running while events are to be judged."""

    def __init__(
        self,
        reactor: Reactor,
        clock: Clock,
        state_dir: str,
        memory: Callable[[], Memory],
    ) -> None:
        """Start nothing yet: ``look``."""
        self._reactor = reactor
        self._clock = clock
        self._memory = memory
        self._stopped = False
        self.plan = EventsPlan()
        self.child = Child(
            reactor, clock, state_dir, "supervisor", self._left, self._trouble
        )

    def wake(self) -> None:
        """An event was put in: have it judged now."""
        if self.plan.enabled and not self._stopped:
            self.child.ensure()

    async def look(self) -> None:
        """Start one if any event is due, or when the next one will be."""
        plan = self.plan
        if not plan.enabled or self._stopped:
            return
        if plan.resident or plan.polling:
            self.child.keep()
            return
        due = await self._memory().read(turns.next_due)
        if due is not None and not self._stopped:
            wait = min(max(due - self._clock.now(), 0.0), _LONGEST_WAIT)
            self.child.at(self._reactor.now() + wait)

    def stop(self) -> None:
        """Ask it to leave, and start none any more."""
        self._stopped = True
        self.child.stop()

    def _left(self) -> None:
        if not self._stopped:
            self._reactor.spawn(self.look(), "events")

    def _trouble(self, detail: str) -> None:
        self._memory().trouble("supervisor", detail)
