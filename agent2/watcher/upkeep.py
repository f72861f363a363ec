"""The watcher's side of the store's care: a program is started now and then.

What is due stands in the store and is that program's to find out (``agent2/upkeep``);
here is only a timer. No check waits for it: it is a process of its own, niced, and
what it holds while it gives pages back to the disk it lets go of when we must write.
"""

from __future__ import annotations

import os
import signal

from agent2.plan.store import StorePlan
from agent2.watcher.child import Child
from agent2.wire.tokens import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor, Timer
    from agent2.watcher.memory import Memory
    from agent2.watcher.texts import Texts

_FIRST = 60.0  # the first minute belongs to the targets
_AGAIN = 60.0  # it gave way to us, and its window may be short


class Upkeep:
    """Has the store looked after every ``store.upkeep_interval``."""

    def __init__(
        self,
        reactor: Reactor,
        clock: Clock,
        state_dir: str,
        memory: Callable[[], Memory],
        texts: Callable[[], Texts],
    ) -> None:
        """Start nothing yet: ``use``."""
        self._reactor = reactor
        self._clock = clock
        self._memory = memory
        self._texts = texts
        self._stopped = False
        self._timer: Timer | None = None
        self._plan = StorePlan(upkeep=False)
        self._every = self._plan.upkeep_interval
        self._child = Child(
            reactor,
            clock,
            state_dir,
            "upkeep",
            self._left,
            self._trouble,
            again=False,
            masked=(signal.SIGUSR1,),
        )

    def use(self, plan: StorePlan, *, polling: bool) -> None:
        """Follow *plan* from now on; *polling*: events are looked for somewhere.

        Sources that may fall silent are looked at as often as that is to be noticed.
        """
        every = plan.upkeep_interval
        if polling and plan.push_silence:
            every = min(every, max(plan.push_silence / 2.0, 1.0))
        if (plan, every) == (self._plan, self._every):
            return
        self._plan, self._every = plan, every
        self._set(min(_FIRST, every))

    def give_way(self) -> None:
        """Something must be written: end what would hold it up, if anything does."""
        if self._child.pid:
            self._child.signal(signal.SIGUSR1)

    def heard(self, trouble: str) -> None:
        """Take what it said at its end: what could not be done, "" for nothing."""
        self._memory().trouble("upkeep", quoted(trouble))

    def stop(self) -> None:
        """End it, and start none any more; SQLite undoes what was half done."""
        self._stopped = True
        self._child.stop()

    def _set(self, wait: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._plan.upkeep and not self._stopped:
            self._timer = self._reactor.call_at(self._reactor.now() + wait, self._due)

    def _due(self) -> None:
        self._timer = None
        if not self._stopped:
            self._set(self._until_next())
            self._child.keep()

    def _until_next(self) -> float:
        """Return the seconds to the next look: at full hours, so none is left out."""
        every = self._every
        return every - self._clock.wall() % every + min(every, 1.0)

    def _left(self) -> None:
        status = self._child.status
        if self._stopped or not status:
            return
        if os.WIFSIGNALED(status):
            if os.WTERMSIG(status) == signal.SIGUSR1:
                self._texts().say("INFO", "upkeep_waits")
                self._set(_AGAIN)
                return
            self._trouble(f"signal {os.WTERMSIG(status)}")
        else:
            self._trouble(f"exit {os.waitstatus_to_exitcode(status)}")

    def _trouble(self, detail: str) -> None:
        if detail:  # that one was started is no news: its own word counts
            self._memory().trouble("upkeep", detail)
