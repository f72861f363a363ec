"""What the watcher decides of its own wishes, as events and audit lines of the store.

Written in the transaction of the effect itself: no audit, no action. The ids are made
of the effect, so a replay writes nothing twice.
"""

from __future__ import annotations

from agent2.core.effects import (
    OpenIncident,
    RequestRestart,
    ResolveIncident,
    WithdrawRestart,
    Withhold,
)
from agent2.core.events import Event
from agent2.core.gates import RESTART, pause
from agent2.core.policies import Ruling
from agent2.core.rulings import AUDIT, MEASURES
from agent2.store import audits, gates
from agent2.store.events import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from agent2.core.effects import Effect
    from agent2.core.model import TargetState

SOURCE = "watcher"
ASKED = "ACTION_REQUESTED"
_WITHDRAWN = "ACTION_WITHDRAWN"


def decided(tx: Connection, effect: Effect, at: float, *, interactive: bool) -> None:
    """Write down the event and the decision behind *effect*; *at* is wall time.

    *interactive*: no gate holds yet and a person is to decide: an approval frees one
    restart, and the next one asks again.
    """
    match effect:
        case RequestRestart():
            about = {
                "action": effect.action,
                "incident": effect.incident,
                "attempt": effect.attempt,
                "code": effect.code.value,
                "detail": effect.detail,
            }
            wish = Event(f"ev-{effect.action}", SOURCE, effect.target, ASKED, at, about)
            _write(tx, wish, Ruling.ALLOW, "within budget, nothing holds it")
            if interactive:
                gates.drop(tx, effect.target, RESTART)
        case Withhold():
            key = f"ev-{effect.incident}/{effect.why}/{effect.at:.3f}"
            about = {"incident": effect.incident}
            wish = Event(key, SOURCE, effect.target, ASKED, at, about)
            _write(tx, wish, effect.ruling, effect.note or effect.why)
            if interactive and effect.ruling is Ruling.PAUSE:
                gates.put(tx, pause(effect.target, RESTART, effect.note, SOURCE, at))
        case WithdrawRestart():
            key = f"ev-{effect.action}/withdrawn"
            about = {"action": effect.action, "incident": effect.incident}
            wish = Event(key, SOURCE, effect.target, _WITHDRAWN, at, about)
            _write(tx, wish, Ruling.ALLOW, "what nobody took up is taken back")
        case OpenIncident():
            about = {"target": effect.target, "code": effect.code.value}
            gates.put_task(tx, effect.incident, "open", about, at)
        case ResolveIncident():
            about = {"target": effect.target}
            gates.put_task(tx, effect.incident, "resolved", about, at)
        case _:
            pass


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


def _write(tx: Connection, event: Event, ruling: Ruling, reason: str) -> None:
    kind, level = AUDIT[ruling]
    decision = "dec-" + event.id.removeprefix("ev-")
    payload = {
        "decision_type": ruling.value,
        "reason": reason,
        "findings": [],
        "actions": [
            {"action_type": each.value, "target": event.subject, "result": "done"}
            for each in MEASURES[ruling]
        ],
        "decision_id": decision,
        "event_type": event.type,
    }
    add(tx, (event,), event.at, "completed")
    audits.append(tx, event.subject, level, kind, payload, event.at, event.id, decision)
