"""What people have said, held in memory: silences, acknowledgements, orders.

Read at the start, when a datagram says that something was said, and twice a minute: a
cycle never waits for a read. What is in the store is said; a datagram is a hint.
"""

from __future__ import annotations

from agent2.core.model import Severity
from agent2.core.quiet import LOUD, Quiet
from agent2.store import people_tables

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.silences import Silence
    from agent2.host.reactor import Timer
    from agent2.store.database import Database
    from agent2.store.orders import Order
    from agent2.watcher.orders import Parts
    from agent2.watcher.watched import Watched

_WORST_FIRST = tuple(Severity)


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
        self._taken: set[str] = set()  # orders whose answer may not be written yet
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
        return held.get(watched.policy.severity) or held.get(Severity.WARNING)

    def _held(self, watched: Watched) -> dict[Severity, Silence]:
        if not self.silences:
            return {}
        from agent2.core.silences import silenced

        plan, now = watched.plan, self._parts.clock.wall()
        severities = (watched.policy.severity, Severity.WARNING)
        return silenced(self.silences, plan.name, severities, plan.labels, now)

    def _acked(self, watched: Watched, incident: str) -> bool:
        """A severity that is worse now than what was acknowledged tells again."""
        worst = _WORST_FIRST.index(watched.policy.severity)
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
        found = await parts.memory.read(lambda db: _said(db, now))
        if found is None:
            return
        held, waiting, acked = found
        self._use(held)
        if acked or any(one.acked_at for one in parts.telling.incidents):
            await parts.telling.look()
        if acked:
            from agent2.watcher import acks  # loaded with the first one

            await acks.tell_all(parts, self._told)
        if waiting:
            from agent2.watcher.orders import carry_out  # few days see an order

            fresh = [order for order in waiting if order.id not in self._taken]
            self._taken = {order.id for order in waiting}
            for order in fresh:
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
        if not self.silences:
            return
        from agent2.core.silences import next_change

        now, reactor = self._parts.clock.wall(), self._parts.reactor
        change = next_change(self.silences, now)
        if change is not None:
            when = reactor.now() + min(change - now, 60.0) + 0.01
            self._timer = reactor.call_at(when, self.look_soon)


def _said(
    db: Database, now: float
) -> tuple[tuple[Silence, ...], tuple[Order, ...], bool]:
    """Read what holds and what waits; load what reads it only where there is any."""
    silent, ordered, acked = people_tables.said(db, now)
    held: tuple[Silence, ...] = ()
    waiting: tuple[Order, ...] = ()
    if silent:
        from agent2.store import silences

        held = silences.current(db, now)
    if ordered:
        from agent2.store import orders

        waiting = orders.waiting(db)
    return held, waiting, acked
