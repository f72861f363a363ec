"""Write down what the core wished, in one transaction; ``deeds.py`` does it then.

Commit before deed, mark after proof: ``write`` turns a step into one function that
runs inside the transaction (state, journal, incident, outbox, planned action). Here and
there the closed union of effects is matched exhaustively.
"""

from __future__ import annotations

from agent2.core import alerting
from agent2.core.alerting import BY_HAND, REASONS
from agent2.core.effects import (
    Notify,
    OpenIncident,
    Prove,
    Record,
    RequestRestart,
    ResolveIncident,
    Warn,
    WithdrawRestart,
    Withhold,
    is_louder,
)
from agent2.core.model import ActionResult, AlertKind
from agent2.core.value import as_dict, replace
from agent2.store import actions, incidents, journal, outbox, targets
from agent2.store.actions import ActionRow
from agent2.watcher.audit import decided, noted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Any

    from agent2.core.alerting import Facts
    from agent2.core.effects import Effect, Step
    from agent2.host.clock import Clock
    from agent2.watcher.gates import Gates
    from agent2.watcher.telling import Telling
    from agent2.watcher.watched import Watched


class Writer:
    """Makes the one transaction of a step.

    *telling* knows which notifiers get an alert; deliveries are due by the steady
    clock, as the courier is given the same one; the audit shows wall time.
    """

    def __init__(
        self,
        facts: Callable[[Watched], Facts],
        telling: Telling,
        clock: Clock,
        gates: Gates,
    ) -> None:
        """Keep what the alerts need."""
        self._facts = facts
        self._telling = telling
        self._clock = clock
        self._gates = gates

    def rows(self, watched: Watched, step: Step) -> list[ActionRow]:
        """Return the actions that *step* plans or notes."""
        made = []
        for effect in step.effects:
            if isinstance(effect, RequestRestart):
                made.append(self._planned(watched, step, effect))
            elif isinstance(effect, Warn):
                made.append(self._warned(watched, effect))
        return made

    def write(
        self, watched: Watched, step: Step, rows: list[ActionRow]
    ) -> Callable[[Connection], int]:
        """Return the function that writes *step* down; it returns the alerts queued."""
        label = self._label(watched, step, rows)
        name = watched.name
        shown, by_hand = self._clock.wall(), self._gates.by_hand(name)
        both = _told(step) >= _SPENT and not rows

        def inside(tx: Connection) -> int:
            targets.save(tx, name, step.state)
            for row in rows:
                actions.plan(tx, row)
            for effect in step.effects:
                decided(tx, effect, shown, by_hand=by_hand)
            facts = (label, both)
            return sum(self._one(tx, watched, each, *facts) for each in step.effects)

        return inside

    def after(self, watched: Watched, step: Step) -> Callable[[Connection], None]:
        """Return the write that follows the deeds of *step*."""
        name, shown, pass_on = watched.name, self._clock.wall(), self._gates.pass_on
        tries = watched.plan.policy.restart.intensity
        return lambda tx: noted(tx, name, step, shown, pass_on=pass_on, tries=tries)

    def _one(
        self, tx: Connection, watched: Watched, effect: Effect, label: str, both: bool
    ) -> int:
        queued = 0
        match effect:
            case OpenIncident():
                incidents.open_incident(tx, effect)
                log = self._facts(watched).log
                if log:
                    about = (watched.name, effect.incident, {"lines": list(log)})
                    journal.append(tx, effect.at, "log.lines", *about)
            case ResolveIncident():
                incidents.resolve(tx, effect)
            case Prove():
                actions.finish(tx, effect.action, effect.result, effect.at)
            case WithdrawRestart():
                actions.finish(tx, effect.action, ActionResult.WITHDRAWN, effect.at)
            case Notify():
                if is_louder(effect):
                    incidents.worsen(tx, effect.incident, effect.severity)
                queued = self._queue(tx, watched, effect, label, both)
            case Record() | RequestRestart() | Withhold() | Warn():
                pass
        self._note(tx, watched, effect, both)
        return queued

    def _note(
        self, tx: Connection, watched: Watched, effect: Effect, both: bool
    ) -> None:
        """Every effect is a line of the journal, under its own name."""
        body = {k: _plain(v) for k, v in as_dict(effect).items()}
        if both and isinstance(effect, Notify) and effect.kind is AlertKind.EXHAUSTED:
            body["told_with"] = AlertKind.FIRING.value
        incident = body.pop("incident", None)
        body.pop("target", None)
        kind = _KINDS[type(effect)]
        journal.append(tx, effect.at, kind, watched.name, incident, body)

    def _queue(
        self, tx: Connection, watched: Watched, wish: Notify, label: str, both: bool
    ) -> int:
        """Queue an alert; *both*: an outage begins and its budget is spent already.

        One message tells both, and the second goes to who did not get the first.
        """
        facts = self._facts(watched)
        if wish.kind is AlertKind.RESOLVED:
            done = "action.unwatched" if wish.unwatched else "action.none"
            label = facts.words[done]
            if wish.closed_by:
                label = facts.words["action.closed"].format(said=wish.closed_by)
        alert = alerting.compose(wish, facts, label)
        names = self._telling.routes(alert, watched)
        if both and wish.kind is AlertKind.FIRING:
            subject = facts.words["subject.exhausted"].format(issue=alert.issue)
            alert = replace(alert, subject=subject)
        if both and wish.kind is AlertKind.EXHAUSTED:
            first = replace(alert, kind=AlertKind.FIRING)
            heard = self._telling.routes(first, watched)
            names = tuple(name for name in names if name not in heard)
        if wish.kind is AlertKind.RESOLVED:
            # A recovery is owed to all who were told, whatever the routes say now.
            told = outbox.told(tx, wish.incident)
            names = tuple(name for name in self._telling.known() if name in told)
        return outbox.add(tx, self._telling.address(alert, names))

    def _label(self, watched: Watched, step: Step, rows: list[ActionRow]) -> str:
        words = self._facts(watched).words
        if rows:
            return rows[-1].label
        if _told(step) >= _SPENT:
            return words["action.exhausted"]
        for effect in step.effects:
            if isinstance(effect, Withhold):
                return words[f"action.{effect.why}"].format(note=effect.note)
        warns = any(
            isinstance(e, Notify) and e.kind is AlertKind.DEGRADED for e in step.effects
        )
        return words["action.warn" if warns else "action.wait"]

    def _planned(self, watched: Watched, step: Step, wish: RequestRestart) -> ActionRow:
        facts = self._facts(watched)
        kind = watched.rung(step.state).kind
        return ActionRow(
            id=wish.action,
            target=wish.target,
            incident=wish.incident or None,
            attempt=wish.attempt,
            kind=kind,
            issue=self._issue(facts, wish),
            label=facts.words.get(f"action.{kind}", kind),
            result=ActionResult.PLANNED,
            reason=BY_HAND if wish.by_hand else REASONS[wish.facet],
            code=wish.code.value,
            detail=wish.detail,
            planned_at=wish.at,
            done_at=None,
            hidden=False,
        )

    @staticmethod
    def _issue(facts: Facts, wish: RequestRestart) -> str:
        if wish.by_hand:
            return facts.words["issue.by_hand"].format(name=facts.name)
        return alerting.issue(facts, wish.facet, wish.code)

    def _warned(self, watched: Watched, wish: Warn) -> ActionRow:
        facts = self._facts(watched)
        return ActionRow(
            id=wish.action,
            target=wish.target,
            incident=None,
            attempt=0,
            kind="warn",
            issue=alerting.warning_issue(
                facts, wish.code, wish.detail, wish.response_s
            ),
            label=facts.words["action.warn"],
            result=ActionResult.WARNED,
            reason="health_check_failed",
            code=wish.code.value,
            detail=wish.detail,
            planned_at=wish.at,
            done_at=wish.at,
            hidden=False,
        )


_SPENT = frozenset({AlertKind.FIRING, AlertKind.EXHAUSTED})
_KINDS = {
    Record: "health.changed",
    OpenIncident: "incident.opened",
    ResolveIncident: "incident.resolved",
    RequestRestart: "restart.requested",
    Withhold: "restart.withheld",
    WithdrawRestart: "restart.withdrawn",
    Prove: "action.proved",
    Warn: "target.warned",
    Notify: "alert.queued",
}


def _plain(node: Any) -> Any:
    return getattr(node, "value", node)


def _told(step: Step) -> set[AlertKind]:
    return {each.kind for each in step.effects if isinstance(each, Notify)}
