"""Events of Agent2's own programs, in the transaction of what they tell of.

Who tells of something of its own decides of it here and now, by the policy that is
built in; or, where others have something to say, leaves it to the supervisor.
"""

from __future__ import annotations

from agent2.core.policies import Concern, Decision, Measure
from agent2.core.rulings import AUDIT, quietly
from agent2.store import audits
from agent2.store.events import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from agent2.core.events import Event
    from agent2.core.routing import Policy
    from agent2.core.standing import Standing


def tell(
    tx: Connection, event: Event, policy: Policy, standing: Standing, *, pass_on: bool
) -> None:
    """Put *event* in, once: judged by *policy*, or *passed on* to the supervisor.

    The decision is a note: nothing is done of it but its line in the audit.
    """
    at = standing.now
    new = add(tx, (event,), at, "pending" if pass_on else "completed")
    if new and not pass_on:
        decision = policy(event, standing)
        if decision is not None:
            write(tx, event, quietly(decision))


def write(tx: Connection, event: Event, decision: Decision) -> None:
    """Write into the audit what was decided of *event*; a second time does nothing."""
    kind, level = AUDIT[decision.ruling]
    made = "dec-" + event.id.removeprefix("ev-")
    payload = {
        "decision_type": decision.ruling.value,
        "reason": decision.reason,
        "findings": [_finding(each) for each in decision.concerns],
        "actions": [_action(each, event.subject) for each in decision.measures],
        "decision_id": made,
        "event_type": event.type,
    }
    audits.append(tx, event.subject, level, kind, payload, event.at, event.id, made)


def _finding(concern: Concern) -> dict[str, str]:
    return {
        "id": concern.id,
        "category": concern.category,
        "severity": concern.level.value,
        "description": concern.description,
    }


def _action(measure: Measure, subject: str) -> dict[str, str]:
    return {"action_type": measure.value, "target": subject, "result": "done"}
