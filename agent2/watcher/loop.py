"""When: a fixed rate per target, and at once when a process dies.

Ticks keep their grid, so that lateness never adds up: an outage is noticed within
failure_threshold x interval + timeout (where the timeout is no longer than the
interval). The deadline of a cycle counts from when it really begins: a target has its
whole time to answer, however late we are.
"""

from __future__ import annotations

from agent2.watcher.cycle import cycle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.host.reactor import Reactor
    from agent2.host.sd_notify import ServiceNotify
    from agent2.watcher.agent import Agent
    from agent2.watcher.home import Home
    from agent2.watcher.watched import Watched

_AT_ONCE = 50  # so many targets are first looked at together


class Loop:
    """Keeps the ticks of all targets of *agent*."""

    def __init__(
        self, reactor: Reactor, agent: Agent, notify: ServiceNotify, home: Home
    ) -> None:
        """Take deaths from the agent; ``start`` begins."""
        self._reactor = reactor
        self._agent = agent
        self._notify = notify
        self._home = home
        self._pinged = float("-inf")
        agent.look_now = self.look_now

    def start(self) -> None:
        """Look at every target now; a great many spread over an interval."""
        now = self._reactor.now()
        targets = tuple(self._agent.targets.values())
        for number, watched in enumerate(targets):
            lag = 0.0
            if len(targets) > _AT_ONCE:
                lag = watched.plan.interval * number / len(targets)
            self._at(watched, now + lag, first=True)

    def look_now(self, watched: Watched) -> None:
        """Look at *watched* now; its ticks go on from here."""
        if watched.retired:
            return
        if watched.running:
            watched.again = True
            self._put_off(watched)
            return
        self._tick(watched, self._reactor.now(), first=False)

    def look_at_all(self) -> None:
        """Look at everything now (SIGUSR2)."""
        for watched in self._agent.targets.values():
            self.look_now(watched)

    def _at(self, watched: Watched, when: float, *, first: bool = False) -> None:
        if watched.timer is not None:
            watched.timer.cancel()
        watched.timer = self._reactor.call_at(
            when, lambda: self._tick(watched, when, first=first)
        )

    def _tick(self, watched: Watched, due: float, *, first: bool) -> None:
        if watched.timer is not None:
            watched.timer.cancel()
        watched.due = due
        watched.running = True
        self._reactor.spawn(self._run(watched, first=first), watched.name)

    async def _run(self, watched: Watched, *, first: bool) -> None:
        if not self._home.ours():
            return  # another watcher may hold the store by now
        watched.began = began = self._reactor.now()
        try:
            await cycle(self._agent, watched, began + watched.plan.timeout)
        except Exception as error:
            # A bug of ours in one cycle must not end the ticks of this target.
            self._agent.texts.say(
                "ERROR", "internal", detail=f"{type(error).__name__}: {error}"
            )
        finally:
            watched.running = False
        if watched.retired:
            return
        self._alive()
        now = self._reactor.now()
        if watched.again:
            watched.again = False
            self._tick(watched, now, first=False)
            return
        alone = len(self._agent.targets) == 1
        due = watched.next_due(began, now, first=first, alone=alone)
        if due <= now:
            self._put_off(watched)
        self._at(watched, due)

    def _put_off(self, watched: Watched) -> None:
        self._agent.history.tally.put_off(len(watched.checks))

    def _alive(self) -> None:
        """Tell systemd's watchdog, from a finished cycle and from nowhere else."""
        every = self._notify.watchdog_s
        now = self._reactor.now()
        if every is not None and now - self._pinged >= every / 2:
            self._pinged = now
            self._notify.send("WATCHDOG=1")
