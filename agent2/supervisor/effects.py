"""What a decision changes: its line in the audit, gates, how the subject stands.

All of it is written in the transaction that marks the event as decided: no audit, no
effect.
"""

from __future__ import annotations

from hashlib import sha256

from agent2.core import event_ids, gates, rulings
from agent2.core.events import DECIDED, Event, Gate
from agent2.core.policies import Decision, Level, Measure, Ruling
from agent2.core.value import value
from agent2.store import audits
from agent2.store import gates as store
from agent2.supervisor.frames import tree_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from agent2.core.standing import Standing
    from agent2.store.inbox import Claimed

# Which check point a pause after an event of this type holds; else ``restart``.
_POINTS = {
    "TASK_CREATED": "open_plan",
    "TARGET_ADDED": "open_plan",
    "TASK_STEP_COMPLETED": "post_step",
}
_MARKS = {Measure.MARK_BLOCKED: "blocked", Measure.MARK_VERIFYING: "verifying"}
# How a foreign task stands after an event of it that nothing holds.
_STATES = {
    "TASK_CREATED": "created",
    "TASK_STEP_COMPLETED": "running",
    "TASK_FAILED": "failed",
}


@value
class Outcome:
    """What became of one claimed event.

    Attributes:
        decision: None: nobody judges its type, or its policy says nothing.
        gate: What is put, if anything.
        why: Why its policy failed; "" if it did not.
        tried: False: its policy was not asked, since it hung a moment before.
        took_s: How long its policy thought, seconds.
    """

    claimed: Claimed
    decision: Decision | None = None
    gate: Gate | None = None
    why: str = ""
    tried: bool = True
    took_s: float = 0.0


def is_decided(event: Event) -> bool:
    """Has the watcher done this already, so that only more of it can be held?"""
    return event.source == "watcher" and DECIDED.items() <= event.payload.items()


def digest(raw: bytes) -> str:
    """Return the digest that ids are made with."""
    return sha256(raw).hexdigest()


def gate_of(event: Event, decision: Decision, standing: Standing) -> Gate | None:
    """Return the gate that *decision* puts, if it puts one.

    A gate of the subject that holds already stays as it was put.
    """
    who, at = f"policy {event.type}", standing.now
    name = _POINTS.get(event.type, gates.RESTART)
    if Measure.OPEN_GATE in decision.measures:
        asked = gates.pause(event.subject, name, decision.reason, who, at)
        return gates.approve(asked, decision.reason, who, at)
    held = gates.is_held(standing.gates, event.subject, name)
    if is_decided(event) and decision.ruling is Ruling.BLOCK and held is None:
        asked = gates.pause(event.subject, name, decision.reason, who, at)
        return gates.reject(asked, decision.reason, who, at)
    if Measure.PAUSE_GATE not in decision.measures:
        return None
    if held is not None and (held.subject, held.name) == (event.subject, name):
        return None
    if any(each.category == "redline" for each in decision.concerns):
        return gates.pause(event.subject, name, decision.reason, who, at)
    level = rulings.gravity(decision.concerns) or Level.MEDIUM
    return gates.asked(
        event.subject, name, decision.reason, who, at, standing.mode, level
    )


def write(tx: sqlite3.Connection, outcome: Outcome, now: float) -> None:
    """Write the decision of *outcome* and its effects, for good or not at all."""
    event, decision = outcome.claimed.event, outcome.decision
    if decision is None:
        return
    kind, level = rulings.AUDIT[decision.ruling]
    made = event_ids.decision_id(event.id, digest)
    for decision_id in (made, f"{made}-{int(now * 1000):x}"):
        told = _payload(event, decision, outcome.gate, decision_id)
        told["took_s"] = round(outcome.took_s, 6)
        if audits.append(
            tx, event.subject, level, kind, told, now, event.id, decision_id
        ):
            break  # else the event was decided and cleaned up long ago, and came again
    if outcome.gate is not None:
        store.put(tx, outcome.gate)
    status = _status(event, decision)
    if status:
        about = {
            "event_id": event.id,
            "event_type": event.type,
            "decision_type": decision.ruling.value,
            "reason": decision.reason,
        }
        store.put_task(tx, event.subject, status, about, now)


def write_error(tx: sqlite3.Connection, outcome: Outcome, now: float) -> None:
    """Write into the audit that the policy of an event failed."""
    kind, level = rulings.AUDIT_ERROR
    event = outcome.claimed.event
    told = {"decision_type": "error", "error": outcome.why, "event_type": event.type}
    audits.append(tx, event.subject, level, kind, told, now, event.id)


def _payload(
    event: Event, decision: Decision, gate: Gate | None, decision_id: str
) -> dict[str, Any]:
    tree = tree_of(decision)
    tree["actions"] = [
        {
            "action_type": each.value,
            "target": gate.name if gate and "gate" in each.value else event.subject,
            "result": "done",
        }
        for each in decision.measures
    ]
    return tree | {"decision_id": decision_id, "event_type": event.type}


def _status(event: Event, decision: Decision) -> str:
    marks = [_MARKS[each] for each in decision.measures if each in _MARKS]
    if marks:
        return marks[0]
    if Measure.PAUSE_GATE in decision.measures:
        return "paused" if event.type.startswith("TASK_") else ""
    if event.type == "TASK_STATE_CHANGED":
        return str(event.payload.get("to") or event.payload.get("status") or "")
    return _STATES.get(event.type, "")
