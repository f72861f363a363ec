"""The state of a target that is well and stays so: most of all cycles.

A shortcut and no rule of its own: ``advance`` would come to the same state the long
way (a law in the tests), by copying it four times.
"""

from __future__ import annotations

from operator import attrgetter

from agent2.core.flapping import CHANGES
from agent2.core.model import Health, Policy, TargetState

_calm = attrgetter(
    "health",
    "ever_healthy",
    "failures",
    "degraded",
    "slow_count",
    "facet",
    "code",
    "detail",
    "incident",
    "warning",
    "action",
    "hold_until",
    "flap",
    "ring",
    "attempts",
    "exhausted_at",
    "withheld",
    "failing_since",
    "told",
)
_CALM = (Health.HEALTHY, True, *_calm(TargetState())[2:])


def is_calm(policy: Policy, state: TargetState) -> bool:
    """Would one more good cycle leave *state* as it is?"""
    return (
        _calm(state) == _CALM
        and state.successes >= policy.success_threshold
        and (state.seen > CHANGES or not policy.flapping)
    )
