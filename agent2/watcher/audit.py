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
from agent2.core.policies import Ruling
from agent2.store import audits, gates
from agent2.store.events import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection
    from typing import Any

    from agent2.core.effects import Effect
    from agent2.core.model import TargetState

_AUDITS = {
    Ruling.ALLOW: ("SUPERVISOR_ALLOWED", "info"),
    Ruling.PAUSE: ("SUPERVISOR_PAUSED", "warn"),
    Ruling.BLOCK: ("SUPERVISOR_BLOCKED", "warn"),
}
SOURCE = "watcher"


def decided(tx: Connection, effect: Effect, at: float) -> None:
    """Write down the event and the decision behind *effect*; *at* is wall time."""
    match effect:
        case RequestRestart():
            payload: dict[str, Any] = {
                "action": effect.action,
                "incident": effect.incident,
                "attempt": effect.attempt,
                "code": effect.code.value,
                "detail": effect.detail,
            }
            event = _event(
                "ACTION_REQUESTED", effect.target, effect.action, at, payload
            )
            _write(tx, event, Ruling.ALLOW, "budget", at)
        case Withhold():
            payload = {"incident": effect.incident}
            key = f"{effect.incident}/{effect.why}/{effect.at:.3f}"
            event = _event("ACTION_REQUESTED", effect.target, key, at, payload)
            _write(tx, event, effect.ruling, effect.why, at, effect.note)
        case WithdrawRestart():
            payload = {"action": effect.action, "incident": effect.incident}
            key = f"{effect.action}/withdrawn"
            event = _event("ACTION_WITHDRAWN", effect.target, key, at, payload)
            _write(tx, event, Ruling.ALLOW, "nobody needs it any more", at)
        case OpenIncident():
            about = {"target": effect.target, "code": effect.code.value}
            gates.put_task(tx, effect.incident, "open", about, at)
        case ResolveIncident():
            gates.put_task(
                tx, effect.incident, "resolved", {"target": effect.target}, at
            )
        case _:
            pass


def stands(tx: Connection, target: str, state: TargetState, at: float) -> None:
    """Write the row of *target* in the table of subjects."""
    about = {
        "incident": state.incident,
        "failures": state.failures,
        "code": state.code.value,
        "restarts": len(state.restarts),
        "withheld": state.withheld,
    }
    gates.put_task(tx, target, state.health.value, about, at)


def _event(
    kind: str, target: str, key: str, at: float, payload: dict[str, Any]
) -> Event:
    return Event(f"ev-{key}", SOURCE, target, kind, at, payload)


def _write(
    tx: Connection,
    event: Event,
    ruling: Ruling,
    reason: str,
    at: float,
    note: str = "",
) -> None:
    kind, level = _AUDITS[ruling]
    decision = "dec-" + event.id.removeprefix("ev-")
    payload: dict[str, Any] = {
        "decision_type": ruling.value,
        "decision_id": decision,
        "reason": note or reason,
        "findings": [],
        "actions": [],
        "event_type": event.type,
    }
    add(tx, (event,), at, "completed")
    audits.append(tx, event.subject, level, kind, payload, at, event.id, decision)
