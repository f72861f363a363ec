"""What people have said, held in memory: silences, acknowledgements, orders.

Read at the start, when a datagram says that something was said, and twice a minute: a
cycle never waits for a read. What is in the store is said; a datagram is a hint.
"""

from __future__ import annotations

from agent2.core import alerting
from agent2.core.effects import Notify
from agent2.core.model import AlertKind, Code, Facet, Severity
from agent2.core.silences import LOUD, Quiet, next_change, silenced
from agent2.store import orders, outbox, silences

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection
    from typing import Any

    from agent2.core.silences import Silence
    from agent2.host.reactor import Timer
    from agent2.store.database import Database
    from agent2.store.incidents import Incident
    from agent2.watcher.orders import Parts
    from agent2.watcher.watched import Watched

_WORST_FIRST = tuple(Severity)
_FACETS = {facet.value: facet for facet in Facet}
_CODES = {code.value: code for code in Code}


class People:
    """Answers ``quiet()``; carries out what is ordered.

    Attributes:
        silences: Those that hold or are to begin, as the store last said.
    """

    def __init__(self, parts: Parts) -> None:
        """Begin with nothing said; ``look`` brings it."""
        self._parts = parts
        self._told: set[tuple[str, float]] = set()
        self._shown: dict[str, Silence] = {}  # by target, as was said last
        self._timer: Timer | None = None
        self._looks = False
        self._again = False
        self.silences: tuple[Silence, ...] = ()

    def quiet(self, watched: Watched) -> Quiet:
        """Return what of *watched* is not to be told now."""
        state = watched.state
        if not self.silences and state.incident is None:
            return LOUD
        acked = state.incident is not None and self._acked(watched, state.incident)
        held = self._held(watched)
        return Quiet(frozenset(held), acked) if held or acked else LOUD

    def silence(self, watched: Watched) -> Silence | None:
        """Return the silence that keeps back the alerts of *watched*, for people."""
        return self._shown.get(watched.name)

    def restore(self, left: tuple[Silence, ...]) -> None:
        """Take up what an earlier run knew, without a word."""
        self.silences = left
        self._shown = {
            name: found
            for name, watched in self._parts.targets.items()
            if (found := self._longest(watched)) is not None
        }

    def _longest(self, watched: Watched) -> Silence | None:
        held = self._held(watched)
        return held.get(watched.plan.policy.severity) or held.get(Severity.WARNING)

    def _held(self, watched: Watched) -> dict[Severity, Silence]:
        if not self.silences:
            return {}
        plan, now = watched.plan, self._parts.clock.wall()
        severities = (plan.policy.severity, Severity.WARNING)
        return silenced(self.silences, plan.name, severities, plan.labels, now)

    def _acked(self, watched: Watched, incident: str) -> bool:
        """A severity that is worse now than what was acknowledged tells again."""
        worst = _WORST_FIRST.index(watched.plan.policy.severity)
        return any(
            one.id == incident
            and one.acked_at is not None
            and _WORST_FIRST.index(one.severity) <= worst
            for one in self._parts.telling.incidents
        )

    def look_soon(self) -> None:
        """Read it anew; what is said while that goes on is read once more after it."""
        if self._looks:
            self._again = True
            return
        self._looks = True
        self._parts.reactor.spawn(self._look_all(), "people")

    async def _look_all(self) -> None:
        try:
            await self._parts.restored()
            self._again = True
            while self._again:
                self._again = False
                await self._look()
        finally:
            self._looks = False

    async def _look(self) -> None:
        parts, now = self._parts, self._parts.clock.wall()

        def said(db: Database) -> Any:
            return silences.current(db, now), orders.waiting(db)

        found = await parts.memory.read(said)
        if found is None:
            return
        self._use(found[0])
        await parts.telling.look()
        for one in parts.telling.incidents:
            if one.acked_at is not None and (one.id, one.acked_at) not in self._told:
                await self._tell(one, one.acked_at)
        if found[1]:
            from agent2.watcher.orders import carry_out  # few days see an order

            for order in found[1]:
                await carry_out(parts, order)

    # -- silences

    def _use(self, found: tuple[Silence, ...]) -> None:
        self.silences = found
        for name, watched in tuple(self._parts.targets.items()):
            old, new = self._shown.pop(name, None), self._longest(watched)
            if new is not None:
                self._shown[name] = new
            if (old and old.id) != (new and new.id):
                self._changed(watched, new)
        self._wait()

    def _changed(self, watched: Watched, new: Silence | None) -> None:
        """A silence of it began or ended: say it, show it, tell what it kept back."""
        texts = self._parts.texts
        if new is None:
            texts.say("INFO", "silence_over", target=watched.name)
            if watched.state.incident or watched.state.warning or watched.state.flap:
                self._parts.look_now(watched)
        else:
            until, said = self._parts.clock.stamp(new.until), f"{new.who}: {new.why}"
            about = {"target": watched.name, "until": until, "said": said}
            texts.say("INFO", "silence", **about)
        watched.fragment = None
        self._parts.publisher.publish(changed=True)

    def _wait(self) -> None:
        """Look again when the next one begins or ends by itself."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now, reactor = self._parts.clock.wall(), self._parts.reactor
        change = next_change(self.silences, now)
        if change is not None:
            when = reactor.now() + min(change - now, 60.0) + 0.01
            self._timer = reactor.call_at(when, self.look_soon)

    # -- acknowledgements

    async def _tell(self, one: Incident, at: float) -> None:
        """Tell those that know acknowledgement, and were told of the incident."""
        self._told.add((one.id, at))
        parts, watched = self._parts, self._parts.targets.get(one.target)
        said = f"{one.acked_by}: {one.acked_why}".rstrip(": ")
        parts.texts.say("INFO", "acked", incident=one.id, said=said)
        knowing = parts.telling.acknowledging()
        if watched is None or not knowing:
            return
        wish = Notify(
            AlertKind.ACKNOWLEDGED,
            one.target,
            one.id,
            one.severity,
            parts.clock.now(),
            one.opened_at,
            _FACETS.get(one.reason, Facet.HEALTH),
            _CODES.get(one.code, Code.INTERNAL),
            one.detail,
            count=int(at * 1000),
        )
        facts = parts.facts(watched)
        action = facts.words["action.acknowledged"].format(said=said)
        alert = alerting.compose(wish, facts, action)

        def inside(tx: Connection) -> int:
            told = outbox.told(tx, one.id)
            names = [name for name in knowing if name in told]
            return outbox.add(tx, alerting.address(alert, names, parts.clock.now()))

        await parts.memory.commit(inside, urgent=False)
