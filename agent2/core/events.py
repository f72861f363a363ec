"""What comes through the one door, and what is decided of it, as values.

    Event --route--> policy(event, standing) --> Verdict(ruling, reason, concerns, measures)

An event says that something is so; it never says what to do. The words (``TASK_…``,
``SUPERVISOR_…``, the rulings) are those of the user's documents (capabilities 9.3).
"""

from __future__ import annotations

from enum import Enum

from agent2.core.policies import Ruling
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Level(Enum):
    """How bad a concern is."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Measure(Enum):
    """What a verdict has done at once, in the transaction that writes it down."""

    PAUSE_GATE = "pause_gate"
    OPEN_GATE = "open_gate"
    RUNTIME_ENFORCE = "runtime_enforce"
    REDLINE_VIOLATION = "redline_violation"
    MARK_BLOCKED = "mark_blocked"
    MARK_VERIFYING = "mark_verifying"
    WRITE_AUDIT = "write_audit"
    NOOP = "noop"


@value
class Event:
    """One fact.

    Attributes:
        id: Unique; made of the content when the sender gives none (``event_id``).
        source: By which way it came: ``eventbus``, ``polling``, ``watcher``, ``cli``.
        subject: What it is about: a target, an incident, a foreign task (``task_id``).
        type: ``TASK_CREATED``, ``TARGET_STATE_CHANGED`` …
        at: When it happened, epoch seconds by its sender.
        payload: A JSON object, parsed.
        retries: How often it was tried before.
    """

    id: str
    source: str
    subject: str
    type: str
    at: float
    payload: dict[str, Any]
    retries: int = 0


@value
class Concern:
    """Something that a policy finds in an event (a ``finding`` of the documents).

    Attributes:
        category: risk, conflict, redline, constraint or failure.
        evidence: What shows it, in words.
    """

    id: str
    category: str
    level: Level
    description: str
    evidence: tuple[str, ...] = ()
    source: str = ""


@value
class Verdict:
    """What a policy says of an event.

    Attributes:
        until: Epoch seconds until which it stands; None: until somebody decides.
    """

    ruling: Ruling
    reason: str
    concerns: tuple[Concern, ...] = ()
    measures: tuple[Measure, ...] = ()
    until: float | None = None


@value
class Gate:
    """Whether actions for a subject may go on.

    Attributes:
        subject: A target's name, any foreign id, or ``*`` for all of them.
        name: open_plan, pre_step, post_step, pre_publish; ``restart`` for targets.
        state: AWAITING_APPROVAL, APPROVED, REJECTED or AUTO_APPROVED.
        who: Who set it, as the program knows it (user name, policy name).
        at: Epoch seconds.
    """

    subject: str
    name: str
    state: str
    reason: str
    who: str
    at: float
