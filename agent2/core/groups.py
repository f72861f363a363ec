"""Targets that do one work together: how bad the loss of one is, and whose turn it is.

A member is well until its own thresholds say otherwise. While enough of the others are
well, what happens to it is a warning. Members restart one at a time: a cure that is no
cure must not take those down that still work.
"""

from __future__ import annotations

from agent2.core.model import Health, Policy, Severity, TargetState
from agent2.core.policies import Concern, Decision, Level, Ruling
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


_WELL = frozenset({Health.HEALTHY, Health.FAILING})
_LOST = frozenset({Health.UNHEALTHY, Health.RECOVERING})
_FAILING = _LOST | {Health.FAILING}
_LOUD = frozenset({Severity.CRITICAL, Severity.ERROR})


def softened(policy: Policy, others: Sequence[TargetState], least: int) -> Policy:
    """Return the *policy* that counts for a member while the *others* stand so.

    One whose health is not known yet stands in for nobody.
    """
    if policy.severity not in _LOUD or _well(others) < least:
        return policy
    return replace(policy, severity=Severity.WARNING)


def _well(states: Sequence[TargetState]) -> int:
    return sum(state.health in _WELL for state in states)


def is_down(states: Sequence[TargetState], least: int) -> bool:
    """Have so many been lost that fewer than *least* can be well?"""
    return len(states) - sum(state.health in _LOST for state in states) < least


def fails(states: Sequence[TargetState], least: int) -> bool:
    """Is it down or about to be? What depends on it waits then."""
    return len(states) - sum(state.health in _FAILING for state in states) < least


def group_word(states: Sequence[TargetState], words: Sequence[str], least: int) -> str:
    """Return ``ok``, ``warn``, ``down`` or ``unknown`` for all; *words* are of each."""
    if "unknown" in words:
        known = [s for s, word in zip(states, words, strict=True) if word != "unknown"]
        if len(states) - len(known) + _well(known) < least:
            return "down"
        all_good = all(word in {"ok", "unknown"} for word in words)
        return "unknown" if all_good or _well(known) < least else "warn"
    if is_down(states, least):
        return "down"
    return "ok" if all(word == "ok" for word in words) else "warn"


def at_a_glance(words: Sequence[str], least: int) -> list[str]:
    """Return how the *words* of one look at a group's members count together.

    ``down`` is a ``warn`` while so many of the others answer as must be well.
    """
    enough = sum(word in {"ok", "warn"} for word in words) >= least
    return ["warn" if word == "down" and enough else word for word in words]


def is_restarting(policy: Policy, state: TargetState, now: float) -> bool:
    """Was a restart of it asked for that may not have come to its end yet?"""
    return state.action is not None and now < state.action_at + policy.restart.settle


def in_turn(other: str, target: str) -> Decision:
    """Return what keeps *target* waiting while *other* restarts."""
    said = Concern(f"{target}/in_turn", "constraint", Level.LOW, f"{other} restarts")
    return Decision(Ruling.PAUSE, "in_turn", None, (said,))
