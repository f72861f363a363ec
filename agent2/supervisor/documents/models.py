"""Events and decisions in the documents' shapes, and from those to ours and back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import Any
from uuid import uuid4

from agent2.core.events import Event
from agent2.core.policies import Decision as Ours
from agent2.core.policies import Ruling
from agent2.core.rulings import MEASURES
from agent2.store import utc
from agent2.supervisor.frames import FrameError


class EventSource(StrEnum):
    """By which way an event came."""

    EVENTBUS = "eventbus"
    POLLING = "polling"


class DecisionType(StrEnum):
    """What a policy decides."""

    ALLOW = "allow"
    PAUSE = "pause"
    BLOCK = "block"
    RETRY = "retry"
    REQUIRE_REVIEW = "require_review"


def _now() -> str:
    return utc.text(time.time())


@dataclass
class SupervisorEvent:
    """One event; *ts* is an ISO time, *payload* is parsed already."""

    event_id: str
    source: EventSource | str
    task_id: str
    event_type: str
    ts: str
    payload: dict[str, Any] = field(default_factory=dict)


@dataclass
class Finding:
    """What a policy found; *severity* is low, medium, high or critical."""

    category: str
    severity: str
    description: str
    evidence: list[str] = field(default_factory=list)
    source: str = ""
    id: str = field(default_factory=lambda: uuid4().hex)


@dataclass
class Action:
    """What shall be done: pause_gate, mark_blocked, write_audit …"""

    action_type: str
    target: str = ""
    params: dict[str, Any] = field(default_factory=dict)


@dataclass
class Decision:
    """What a policy of the documents returns."""

    decision_type: DecisionType | str
    reason: str
    findings: list[Any] = field(default_factory=list)
    actions: list[Any] = field(default_factory=list)
    decision_id: str = field(default_factory=lambda: uuid4().hex)
    timestamp: str = field(default_factory=_now)


def ours(event: SupervisorEvent) -> Event:
    """Return the event in our shape.

    Raises:
        ValueError: its time is none.
    """
    at = utc.seconds(event.ts)
    if at is None:
        raise ValueError(f"ts is no time: {event.ts!r}")
    source = str(_word(event.source))
    kind = str(_word(event.event_type))
    return Event(event.event_id, source, event.task_id, kind, at, dict(event.payload))


def theirs(event: Event) -> SupervisorEvent:
    """Return one of our events in the documents' shape."""
    when = utc.text(event.at).replace(" ", "T") + "Z"
    return SupervisorEvent(
        event.id, event.source, event.subject, event.type, when, event.payload
    )


def told(decision: Ours) -> Decision:
    """Return one of our decisions in the documents' shape."""
    findings = [
        Finding(
            each.category,
            each.level.value,
            each.description,
            list(each.evidence),
            each.source,
            each.id,
        )
        for each in decision.concerns
    ]
    actions = [Action(each.value) for each in decision.measures]
    ruling = DecisionType(decision.ruling.value)
    return Decision(ruling, decision.reason, findings, actions)


def frame(found: object) -> dict[str, Any]:
    """Return what a policy decided as what ``frames.decision_of`` reads.

    Raises:
        FrameError: it is no decision.
    """
    if not isinstance(found, Decision):
        raise FrameError(f"a policy returns a Decision, not {type(found).__name__}")
    word = str(_word(found.decision_type))
    actions = [_word(_part(each, "action_type")) for each in found.actions]
    if not actions:
        try:
            actions = [each.value for each in MEASURES[Ruling(word)]]
        except ValueError:
            raise FrameError(f"there is no decision {word!r}") from None
    return {
        "decision_type": word,
        "reason": found.reason,
        "findings": [_finding(each) for each in found.findings],
        "actions": actions,
    }


def _finding(each: object) -> dict[str, Any]:
    names = ("id", "category", "severity", "description", "evidence", "source")
    return {name: _word(_part(each, name)) for name in names}


def _part(thing: object, name: str) -> Any:
    """Return a part of an object or of a mapping; actions may be bare words."""
    if isinstance(thing, str):
        return thing
    if isinstance(thing, dict):
        tree: Mapping[str, Any] = thing
        return tree.get(name)
    return getattr(thing, name, None)


def _word(thing: Any) -> Any:
    return thing.value if isinstance(thing, Enum) else thing
