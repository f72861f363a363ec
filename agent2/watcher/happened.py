"""What a step of the watcher tells of, as events: their types, ids and payloads."""

from __future__ import annotations

from agent2.core.alerting import REASONS
from agent2.core.effects import RequestRestart, WithdrawRestart, Withhold
from agent2.core.events import DECIDED, Event

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.core.effects import Effect, Prove, Record
    from agent2.core.model import TargetState

SOURCE = "watcher"
ASKED = "ACTION_REQUESTED"
CHANGED = "TARGET_STATE_CHANGED"
ADDED = "TARGET_ADDED"
CHECK_FAILED = "CHECK_FAILED"
ACTION_FAILED = "ACTION_FAILED"
# What may be passed on to the supervisor.
TOLD = (CHANGED, ADDED, CHECK_FAILED, ACTION_FAILED)
_WITHDRAWN = "ACTION_WITHDRAWN"


def wish(effect: Effect, at: float) -> Event | None:
    """Return the wish to act behind *effect*, if there is one; *at* is wall time."""
    match effect:
        case RequestRestart():
            about = {
                "action": effect.action,
                "incident": effect.incident,
                "attempt": effect.attempt,
                "code": effect.code.value,
                "detail": effect.detail,
            }
            return event_of(effect.action, effect.target, at, about)
        case Withhold():
            key = f"{effect.incident}/{effect.why}/{effect.at:.3f}"
            return event_of(key, effect.target, at, {"incident": effect.incident})
        case WithdrawRestart():
            about = {"action": effect.action, "incident": effect.incident}
            key = f"{effect.action}/withdrawn"
            return event_of(key, effect.target, at, about, _WITHDRAWN)
        case _:
            return None


def change(effect: Record, state: TargetState, at: float) -> Event:
    """Return a change of health."""
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
    return event_of(key, effect.target, at, about, CHANGED)


def check_failed(effect: Record, state: TargetState, at: float) -> Event:
    """Return that a target that was well is not any more."""
    about = _failure(state) | {
        "reason": REASONS[effect.facet],
        "code": effect.code.value,
        "error_message": effect.detail,
        "incident": state.incident,
    }
    key = f"{effect.target}=failed@{effect.at:.3f}"
    return event_of(key, effect.target, at, about, CHECK_FAILED)


def action_failed(effect: Prove, state: TargetState, at: float) -> Event:
    """Return that a restart did not help."""
    about = _failure(state) | {
        "action": effect.action,
        "error_message": "the restart did not help in time",
        "incident": state.incident,
    }
    key = f"{effect.action}/failed"
    return event_of(key, effect.target, at, about, ACTION_FAILED)


def _failure(state: TargetState) -> dict[str, Any]:
    """Return what the policy of failures asks: may it be tried again?

    A service that is down may come back by a restart, as long as there is one left.
    """
    spent = state.exhausted_at is not None
    return {
        "error_type": "quota_exceeded" if spent else "service_unavailable",
        "retry_count": state.attempts,
    }


def notice(effect: RequestRestart, at: float) -> Event:
    """Return a restart that was decided, for policies of others: they may hold more."""
    asked = wish(effect, at)
    assert asked is not None
    about = asked.payload | DECIDED
    return event_of(f"{effect.action}/notice", effect.target, at, about)


def event_of(
    key: str, target: str, at: float, about: dict[str, Any], kind: str = ASKED
) -> Event:
    """Return the event of the watcher with an id made of *key*."""
    return Event(f"ev-{key}", SOURCE, target, kind, at, about)
