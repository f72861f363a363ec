"""How a decision is made of a ruling, and how the audit spells it."""

from __future__ import annotations

from agent2.core.policies import Concern, Decision, Level, Measure, Ruling
from agent2.core.value import replace

_GRAVITY = (Level.LOW, Level.MEDIUM, Level.HIGH, Level.CRITICAL)
MEASURES: dict[Ruling, tuple[Measure, ...]] = {
    Ruling.ALLOW: (Measure.WRITE_AUDIT,),
    Ruling.PAUSE: (Measure.PAUSE_GATE, Measure.WRITE_AUDIT),
    Ruling.BLOCK: (Measure.MARK_BLOCKED, Measure.WRITE_AUDIT),
    Ruling.RETRY: (Measure.WRITE_AUDIT,),
    Ruling.REQUIRE_REVIEW: (Measure.MARK_VERIFYING, Measure.WRITE_AUDIT),
}
# Type and level of the line in the audit.
AUDIT: dict[Ruling, tuple[str, str]] = {
    Ruling.ALLOW: ("SUPERVISOR_ALLOWED", "info"),
    Ruling.PAUSE: ("SUPERVISOR_PAUSED", "warn"),
    Ruling.BLOCK: ("SUPERVISOR_BLOCKED", "warn"),
    Ruling.RETRY: ("SUPERVISOR_RETRY_RECOMMENDED", "info"),
    Ruling.REQUIRE_REVIEW: ("SUPERVISOR_DECISION", "warn"),
}
AUDIT_ERROR = ("SUPERVISOR_ERROR", "error")


def decide(
    ruling: Ruling,
    reason: str,
    concerns: tuple[Concern, ...] = (),
    until: float | None = None,
) -> Decision:
    """Return the decision with the measures that its ruling always has."""
    measures = MEASURES[ruling]
    if ruling is Ruling.BLOCK and any(c.category == "redline" for c in concerns):
        measures = (Measure.REDLINE_VIOLATION, *measures)
    return Decision(ruling, reason, until, gravest_first(concerns), measures)


def quietly(decision: Decision) -> Decision:
    """Return *decision* with no measure but its line in the audit."""
    return replace(decision, measures=(Measure.WRITE_AUDIT,))


def gravest_first(concerns: tuple[Concern, ...]) -> tuple[Concern, ...]:
    """Return *concerns* by level, equal ones in their order."""
    return tuple(sorted(concerns, key=lambda c: -_GRAVITY.index(c.level)))


def gravity(concerns: tuple[Concern, ...]) -> Level | None:
    """Return the level of the gravest concern, or None if there is none."""
    levels = [_GRAVITY.index(concern.level) for concern in concerns]
    return _GRAVITY[max(levels)] if levels else None
