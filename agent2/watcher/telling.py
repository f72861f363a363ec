"""The watcher's side of telling people: routes, the outbox's figures, the courier."""

from __future__ import annotations

from agent2.core import alerting
from agent2.core.value import replace
from agent2.host.logfile import LEVELS
from agent2.plugins import ACKNOWLEDGING
from agent2.store import incidents, outbox
from agent2.store.incidents import Incident
from agent2.watcher.child import Child
from agent2.wire.tokens import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from agent2.core.effects import Notify, OpenIncident, ResolveIncident
    from agent2.core.message import Alert, Delivery
    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor
    from agent2.plan.values import Plan
    from agent2.store.database import Database
    from agent2.store.outbox import NotifierCount
    from agent2.watcher.memory import Memory
    from agent2.watcher.watched import Watched

_LONGEST_WAIT = 60.0  # a row that somebody else queued is found within a minute


class Telling:
    """Knows what waits to be told, and starts the courier when it is due.

    Attributes:
        counts: What the store last said of each notifier.
        incidents: The open incidents, as the store last said.
    """

    def __init__(
        self,
        reactor: Reactor,
        clock: Clock,
        state_dir: str,
        memory: Callable[[], Memory],
        log: Callable[[str, str, str], None],
        changed: Callable[[], object],
    ) -> None:
        """*changed* is called when the figures are new."""
        self._reactor = reactor
        self._clock = clock
        self._memory = memory
        self._log = log
        self._changed = changed
        self.plan: Plan | None = None
        self.counts: Mapping[str, NotifierCount] = {}
        self.incidents: list[Incident] = []
        self.courier = Child(
            reactor, clock, state_dir, "courier", self.look_soon, self._trouble
        )

    def known(self) -> tuple[str, ...]:
        """Return the names of the configured notifiers."""
        return tuple(n.name for n in self.plan.notifiers) if self.plan else ()

    def acknowledging(self) -> tuple[str, ...]:
        """Return the names of those that know what an acknowledgement is."""
        found = self.plan.notifiers if self.plan else ()
        return tuple(n.name for n in found if n.kind in ACKNOWLEDGING)

    def routes(self, alert: Alert, watched: Watched) -> tuple[str, ...]:
        """Return which notifiers get *alert*."""
        routes = self.plan.routes if self.plan else ()
        pairs = ((r.match, r.notifiers) for r in routes)
        return alerting.routed(alert, pairs, self.known(), watched.plan.labels)

    def address(self, alert: Alert, names: tuple[str, ...]) -> tuple[Delivery, ...]:
        """Return the deliveries of *alert*, each in its notifier's set of words."""
        texts = self.plan.alert_texts if self.plan else {}
        return alerting.address(alert, names, self._clock.now(), texts)

    def opened(self, effect: OpenIncident) -> None:
        """Note an incident that was just committed, before the store is asked."""
        self.incidents.append(
            Incident(
                effect.incident,
                effect.target,
                effect.severity,
                effect.at,
                None,
                effect.facet.value,
                effect.code.value,
                effect.detail,
            )
        )

    def worsened(self, wish: Notify) -> None:
        """Note that an incident is as loud as *wish* says, and not acknowledged."""
        old = {"acked_at": None, "acked_by": "", "acked_why": ""}
        self.incidents = [
            replace(one, severity=wish.severity, **old)
            if one.id == wish.incident
            else one
            for one in self.incidents
        ]

    def expect(self) -> None:
        """Something fails: have a courier ready, so that the alert leaves at once."""
        if self.known():
            self.courier.ensure()

    def resolved(self, effect: ResolveIncident) -> None:
        """Note that an incident is over."""
        self.incidents = [i for i in self.incidents if i.id != effect.incident]

    async def look(self) -> None:
        """Refresh the figures; have the courier started when something is due."""
        found = await self._memory().read(_figures)
        if found is None:
            return
        self.counts, due, self.incidents = found
        if due is not None:
            wait = min(max(due - self._clock.now(), 0.0), _LONGEST_WAIT)
            self.courier.at(self._reactor.now() + wait)
        self._changed()

    def look_soon(self) -> None:
        """Refresh the figures at the next turn."""
        self._reactor.spawn(self.look(), "outbox")

    def heard(self, messages: list[str]) -> None:
        """Take datagrams of the wake socket: a wake-up, or the courier's log line."""
        for message in messages:
            kind, _, rest = message.partition(" ")
            if kind == "log":
                first, _, text = rest.partition(" ")
                level, _, sid = first.partition("/")
                level = level if level in LEVELS else "INFO"
                self._log(level, quoted(text), quoted(sid))
        self.look_soon()

    def _trouble(self, detail: str) -> None:
        self._memory().trouble("courier", detail)


def _figures(db: Database) -> tuple[Any, float | None, Any]:
    return outbox.counts(db), outbox.next_due(db), incidents.open_ones(db)
