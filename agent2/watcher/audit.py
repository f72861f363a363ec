"""What the watcher decides of its own wishes, as audit lines and events of the store.

The audit line is written in the transaction of the effect itself: no audit, no action.
Whoever is restarted waits for that commit, so what can be made again from it (the
event's row, how subjects stand) follows in the next one, and at the latest with the
next start. The ids are made of the effect: a replay writes nothing twice.
"""

from __future__ import annotations

from agent2.core.alerting import REASONS
from agent2.core.builtin import state_changed
from agent2.core.effects import (
    OpenIncident,
    Prove,
    Record,
    RequestRestart,
    ResolveIncident,
    WithdrawRestart,
    Withhold,
)
from agent2.core.events import Event
from agent2.core.gates import RESTART, pause
from agent2.core.model import ActionResult
from agent2.core.policies import Ruling
from agent2.core.rulings import AUDIT, MEASURES
from agent2.core.standing import Standing
from agent2.store import audits, gates
from agent2.store.events import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection
    from typing import Any

    from agent2.core.effects import Effect, Step
    from agent2.core.model import TargetState
    from agent2.store.actions import ActionRow

SOURCE = "watcher"
ASKED = "ACTION_REQUESTED"
CHANGED = "TARGET_STATE_CHANGED"
RESULT = "ACTION_RESULT"
_WITHDRAWN = "ACTION_WITHDRAWN"
_MEASURES = {
    ruling: [each.value for each in measures] for ruling, measures in MEASURES.items()
}


def decided(tx: Connection, effect: Effect, at: float, *, by_hand: bool) -> None:
    """Write down the decision behind *effect*; *at* is wall time.

    *by_hand*: a person is to decide and no gate holds yet; an approval frees one
    restart, and the next one asks again.
    """
    wish = _wish(effect, at)
    match effect:
        case RequestRestart():
            _write(tx, wish, Ruling.ALLOW, "within budget, nothing holds it")
            if by_hand:
                gates.drop(tx, effect.target, RESTART)
        case Withhold():
            _write(tx, wish, effect.ruling, effect.note or effect.why)
            if by_hand and effect.ruling is Ruling.PAUSE:
                gates.put(tx, pause(effect.target, RESTART, effect.note, SOURCE, at))
        case WithdrawRestart():
            _write(tx, wish, Ruling.ALLOW, "what nobody took up is taken back")
        case _:
            pass


def noted(tx: Connection, target: str, step: Step, at: float, *, pass_on: bool) -> None:
    """Write down the events of *step* and how its subjects stand; *at* is wall time.

    A change of health is judged here and now, or *passed on* to the supervisor: there
    are rules for it, or policies of others.
    """
    wishes = [each for each in (_wish(e, at) for e in step.effects) if each is not None]
    add(tx, wishes, at, "completed")
    stands(tx, target, step.state, at)
    for effect in step.effects:
        if isinstance(effect, Record):
            event = _change(effect, step.state, at)
            new = add(tx, (event,), at, "pending" if pass_on else "completed")
            if new and not pass_on:
                decision = state_changed(event, Standing(at))
                _write(tx, event, decision.ruling, decision.reason)
        elif isinstance(effect, Prove):
            acted(tx, effect.target, effect.action, effect.result, at)
        elif isinstance(effect, OpenIncident):
            about = {"target": effect.target, "code": effect.code.value}
            gates.put_task(tx, effect.incident, "open", about, at)
        elif isinstance(effect, ResolveIncident):
            about = {"target": effect.target}
            gates.put_task(tx, effect.incident, "resolved", about, at)


def acted(
    tx: Connection,
    target: str,
    action: str,
    result: ActionResult,
    at: float,
    detail: str = "",
) -> None:
    """Write down what came of *action*; *at* is wall time."""
    level = "error" if result is ActionResult.FAILED else "info"
    about = {"action": action, "result": result.value, "detail": detail}
    audits.append(tx, target, level, RESULT, about, at, f"ev-{action}")


def made_up(tx: Connection, row: ActionRow, at: float) -> None:
    """Write down the event of an action that an earlier run was killed over."""
    about = {"action": row.id, "incident": row.incident, "attempt": row.attempt}
    add(tx, (_event(row.id, row.target, at, about),), at, "completed")


def stands(tx: Connection, target: str, state: TargetState, at: float) -> None:
    """Write the row of *target* in the table of subjects; *at* is wall time."""
    about = {
        "incident": state.incident,
        "failures": state.failures,
        "code": state.code.value,
        "restarts": len(state.restarts),
        "withheld": state.withheld,
    }
    gates.put_task(tx, target, state.health.value, about, at)


def _wish(effect: Effect, at: float) -> Event | None:
    match effect:
        case RequestRestart():
            about = {
                "action": effect.action,
                "incident": effect.incident,
                "attempt": effect.attempt,
                "code": effect.code.value,
                "detail": effect.detail,
            }
            return _event(effect.action, effect.target, at, about)
        case Withhold():
            key = f"{effect.incident}/{effect.why}/{effect.at:.3f}"
            return _event(key, effect.target, at, {"incident": effect.incident})
        case WithdrawRestart():
            about = {"action": effect.action, "incident": effect.incident}
            key = f"{effect.action}/withdrawn"
            return _event(key, effect.target, at, about, _WITHDRAWN)
        case _:
            return None


def _change(effect: Record, state: TargetState, at: float) -> Event:
    about = {
        "from": effect.old.value,
        "to": effect.new.value,
        "reason": REASONS[effect.facet],
        "code": effect.code.value,
        "detail": effect.detail,
        "incident": state.incident,
        "flapping": state.flap is not None,
    }
    key = f"{effect.target}={effect.new.value}@{effect.at:.3f}"
    return _event(key, effect.target, at, about, CHANGED)


def _event(
    key: str, target: str, at: float, about: dict[str, Any], kind: str = ASKED
) -> Event:
    return Event(f"ev-{key}", SOURCE, target, kind, at, about)


def _write(tx: Connection, event: Event | None, ruling: Ruling, reason: str) -> None:
    assert event is not None
    kind, level = AUDIT[ruling]
    decision = "dec-" + event.id.removeprefix("ev-")
    payload = {
        "decision_type": ruling.value,
        "reason": reason,
        "findings": [],
        "actions": [
            {"action_type": each, "target": event.subject, "result": "done"}
            for each in _MEASURES[ruling]
        ],
        "decision_id": decision,
        "event_type": event.type,
    }
    audits.append(tx, event.subject, level, kind, payload, event.at, event.id, decision)
