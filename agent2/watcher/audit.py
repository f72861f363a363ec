"""What the watcher decides of its own wishes, as audit lines and events of the store.

The audit line is written in the transaction of the effect itself: no audit, no action.
Whoever is restarted waits for that commit, so what can be made again from it (the
event's row, how subjects stand) follows in the next one, and at the latest with the
next start. The ids are made of the effect: a replay writes nothing twice.
"""

from __future__ import annotations

from agent2.core.builtin import created, failed, state_changed
from agent2.core.effects import (
    OpenIncident,
    Prove,
    Record,
    RequestRestart,
    ResolveIncident,
    WithdrawRestart,
    Withhold,
)
from agent2.core.gates import RESTART, pause
from agent2.core.model import ActionResult, Health
from agent2.core.policies import Ruling
from agent2.core.repair import IN_TURN
from agent2.core.rulings import decide
from agent2.core.standing import Standing
from agent2.store import audits, gates
from agent2.store.events import add
from agent2.store.own_events import tell, write
from agent2.watcher import happened
from agent2.watcher.happened import (
    ACTION_FAILED,
    ADDED,
    ASKED,
    CHANGED,
    CHECK_FAILED,
    SOURCE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection
    from typing import Any

    from agent2.core.effects import Effect, Step
    from agent2.core.events import Event
    from agent2.core.model import TargetState
    from agent2.store.actions import ActionRow

RESULT = "ACTION_RESULT"
_FREE = "within budget, nothing holds it"
_WELL = frozenset({Health.HEALTHY, Health.UNKNOWN})
_ILL = frozenset({Health.FAILING, Health.UNHEALTHY})


def decided(tx: Connection, effect: Effect, at: float, *, by_hand: bool) -> None:
    """Write down the decision behind *effect*; *at* is wall time.

    *by_hand*: a person is to decide and no gate holds yet; an approval frees one
    restart, and the next one asks again.
    """
    wish = happened.wish(effect, at)
    match effect:
        case RequestRestart():
            asked = f"by hand: {effect.by_hand}" if effect.by_hand else _FREE
            _write(tx, wish, Ruling.ALLOW, asked)
            if by_hand:
                gates.spend(tx, effect.target, RESTART)
        case Withhold():
            _write(tx, wish, effect.ruling, effect.note or effect.why)
            if by_hand and effect.ruling is Ruling.PAUSE and effect.why != IN_TURN:
                gates.put(tx, pause(effect.target, RESTART, effect.note, SOURCE, at))
        case WithdrawRestart():
            _write(tx, wish, Ruling.ALLOW, "what nobody took up is taken back")
        case _:
            pass


def noted(
    tx: Connection,
    target: str,
    step: Step,
    at: float,
    *,
    pass_on: frozenset[str],
    tries: int,
) -> None:
    """Write down the events of *step* and how its subjects stand; *at* is wall time.

    What is told of is judged here and now, or the types in *pass_on* by the
    supervisor: there are rules for them, or policies of others. *tries*: how many
    restarts the target may have.
    """
    wishes = [
        each
        for each in (happened.wish(e, at) for e in step.effects)
        if each is not None
    ]
    add(tx, wishes, at, "completed")
    stands(tx, target, step.state, at)
    standing = Standing(at, max_retries=tries)
    for effect in step.effects:
        if isinstance(effect, Record):
            event = happened.change(effect, step.state, at)
            tell(tx, event, state_changed, standing, pass_on=CHANGED in pass_on)
            if effect.old in _WELL and effect.new in _ILL:
                event = happened.check_failed(effect, step.state, at)
                tell(tx, event, failed, standing, pass_on=CHECK_FAILED in pass_on)
        elif isinstance(effect, RequestRestart) and ASKED in pass_on:
            add(tx, (happened.notice(effect, at),), at)
        elif isinstance(effect, Prove):
            acted(tx, effect.target, effect.action, effect.result, at)
            if effect.result is ActionResult.FAILED:
                event = happened.action_failed(effect, step.state, at)
                tell(tx, event, failed, standing, pass_on=ACTION_FAILED in pass_on)
        elif isinstance(effect, OpenIncident):
            about = {"target": effect.target, "code": effect.code.value}
            gates.put_task(tx, effect.incident, "open", about, at)
        elif isinstance(effect, ResolveIncident):
            about = {"target": effect.target}
            gates.put_task(tx, effect.incident, "resolved", about, at)


def added(
    tx: Connection,
    target: str,
    about: dict[str, Any],
    standing: Standing,
    *,
    pass_on: bool,
) -> None:
    """Write down that *target* is watched from now on."""
    at = standing.now
    event = happened.event_of(f"{target}=added@{at:.3f}", target, at, about, ADDED)
    tell(tx, event, created, standing, pass_on=pass_on)


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
    add(tx, (happened.event_of(row.id, row.target, at, about),), at, "completed")


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


def _write(tx: Connection, event: Event | None, ruling: Ruling, reason: str) -> None:
    assert event is not None
    write(tx, event, decide(ruling, reason))
