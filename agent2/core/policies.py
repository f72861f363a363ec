"""A decision is a value with its reason: it goes into the journal and to people."""

from __future__ import annotations

from enum import Enum

from agent2.core.value import value


class Ruling(Enum):
    """What may happen with a wish."""

    ALLOW = "allow"
    PAUSE = "pause"
    BLOCK = "block"
    RETRY = "retry"
    REQUIRE_REVIEW = "require_review"


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
class Decision:
    """A ruling, why, and until when it stands.

    Attributes:
        until: Epoch seconds (steady for targets); None: until somebody decides.
        concerns: What the policy found, the gravest first.
        measures: What is done at once, in the transaction that writes it down.
    """

    ruling: Ruling
    reason: str
    until: float | None = None
    concerns: tuple[Concern, ...] = ()
    measures: tuple[Measure, ...] = ()
