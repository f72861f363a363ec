"""What bars restarts, held in memory: the gates of the store, the rules of the plan.

The gates are read at the start, when a datagram says that one has changed, and twice a
minute: a restart never waits for a read.
"""

from __future__ import annotations

import os

from agent2.core.alerting import REASONS
from agent2.core.bars import barred
from agent2.core.events import Event
from agent2.core.gates import APPROVED, RESTART, given_since, is_held
from agent2.core.policies import Ruling
from agent2.core.rules import Condition, Rule, glob
from agent2.core.standing import Mode, Redlines, Standing
from agent2.core.value import replace
from agent2.plan.events import EventsPlan, frozen_by, is_asked_elsewhere
from agent2.store import gates
from agent2.watcher.happened import ASKED, SOURCE, TOLD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent2.core.events import Gate
    from agent2.core.model import Judgement
    from agent2.core.policies import Decision
    from agent2.host.clock import Clock
    from agent2.plan.events import RulePlan
    from agent2.plan.values import Plan
    from agent2.watcher.memory import Memory
    from agent2.watcher.texts import Texts
    from agent2.watcher.watched import Watched


class Gates:
    """Answers ``bar()``. *changed* is called with each target that it matters to.

    Attributes:
        rows: The gates, as the store last said.
        interactive: No restart without a person: each needs an approval of its own.
        pass_on: The types that the supervisor judges: rules or policies of others may
            have something to say.
    """

    def __init__(
        self,
        clock: Clock,
        state_dir: str,
        memory: Callable[[], Memory],
        texts: Callable[[], Texts],
        changed: Callable[[Watched], object],
    ) -> None:
        """Begin without a gate; ``look`` brings them."""
        self._clock = clock
        self._own = os.path.join(state_dir, "agent2.pid")
        self._memory = memory
        self._texts = texts
        self._changed = changed
        self._targets: Mapping[str, Watched] = {}
        self._plan = EventsPlan()
        self._rules: tuple[Rule, ...] = ()
        self._ruled = False
        self.interactive = False
        self.pass_on: frozenset[str] = frozenset()
        self.rows: tuple[Gate, ...] = ()
        self._spent: dict[str, Gate] = {}  # used up, but maybe not yet in the store

    def use(self, plan: Plan, targets: Mapping[str, Watched]) -> None:
        """Take the redlines and rules of *plan*."""
        self._targets = targets
        self._plan = events = plan.events
        self._rules = tuple(_rule(r) for r in events.rules if glob(r.event, ASKED))
        self.interactive = events.mode == Mode.INTERACTIVE.value
        self.pass_on = frozenset(
            kind for kind in TOLD if is_asked_elsewhere(events, kind)
        )
        if events.enabled and events.resident:
            self.pass_on |= {ASKED}  # by rules it was judged here
        limits = (events.commands, events.frozen, self._rules)
        self._ruled = self.interactive or any(limits)

    def paused(self, name: str) -> Gate | None:
        """Return the gate that holds the target *name*."""
        return is_held(self.rows, name) if self.rows else None

    def by_hand(self, name: str) -> bool:
        """Does a person have to decide on *name*, and nothing asks for it yet?"""
        return self.interactive and self.paused(name) is None

    def bar(
        self, watched: Watched, judgement: Judgement, *, pending: bool
    ) -> Decision | None:
        """Return why *watched* may not be restarted now, or None.

        *pending*: an order lies there; it had its approval.
        """
        own = watched.pid_file == self._own
        if not (self.rows or self._ruled or own):
            return None  # nothing could speak against it
        now, plan, program = self._clock.wall(), self._plan, watched.program
        window = frozen_by(plan.frozen, now) if plan.frozen else ""
        redlines = replace(
            self.redlines(watched), frozen=window != "", frozen_reason=window
        )
        facts = {
            "command": [program] if program else [],
            "reason": REASONS[judgement.facet],
            "code": judgement.code.value,
            "detail": judgement.detail,
            "attempt": watched.state.attempts + 1,
            "labels": watched.plan.labels,
        }
        wish = Event(f"ev-{watched.name}", SOURCE, watched.name, ASKED, now, facts)
        mode = Mode.ASSISTED if pending else Mode(plan.mode)
        rows = given_since(self.rows, now - self._asked_for(watched))
        standing = Standing(now, mode, rows, redlines)
        return barred(wish, standing, self._rules)

    def _asked_for(self, watched: Watched) -> float:
        """Return for how many seconds the restart that is due now is asked for.

        It is due to this outage, and to nothing that a restart has answered.
        """
        now, state = self._clock.now(), watched.state
        if state.failing_since is None:
            return 0.0  # it began with this very cycle
        return now - max((state.failing_since, *state.restarts))

    def spend(self, name: str) -> None:
        """Forget the approval of *name*: it freed the restart that is asked for now.

        At once, and not when the store says so: a slow disk must not make two restarts
        of one approval.
        """
        for gate in self.rows:
            if (gate.subject, gate.name, gate.state) == (name, RESTART, APPROVED):
                self._spent[name] = gate
        self.rows = self._unspent(self.rows)

    def _unspent(self, rows: tuple[Gate, ...]) -> tuple[Gate, ...]:
        spent = self._spent
        return tuple(gate for gate in rows if spent.get(gate.subject) != gate)

    def redlines(self, watched: Watched) -> Redlines:
        """Return what may never be done to *watched*, at whatever time."""
        own = watched.pid_file == self._own
        return Redlines((watched.name,) if own else (), self._plan.commands or None)

    async def look(self) -> None:
        """Read them anew; what changed is said, shown, and acted on at once."""
        rows = await self._memory().read(gates.all_of)
        if rows is None:
            return
        found = self._unspent(rows)
        self._spent = {name: gate for name, gate in self._spent.items() if gate in rows}
        if found == self.rows:
            return
        before, self.rows = self.rows, found
        for watched in tuple(self._targets.values()):
            old, new = is_held(before, watched.name), is_held(found, watched.name)
            if old != new or self.interactive:
                self._say(watched.name, old, new)
                self._changed(watched)

    def _say(self, target: str, old: Gate | None, new: Gate | None) -> None:
        texts = self._texts()
        if new is not None and new != old:
            note = f"{new.state}: {new.reason} ({new.who})"
            texts.say("WARNING", "gate_closed", target=target, note=note)
        elif old is not None and new is None:
            texts.say("INFO", "gate_opened", target=target)


def _rule(plan: RulePlan) -> Rule:
    when = tuple(Condition(field, op, wanted) for field, op, wanted in plan.when)
    return Rule(plan.name, when, Ruling(plan.then), plan.reason)
