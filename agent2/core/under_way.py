"""Is the restart that a person asked for still to come?"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.model import Judgement, Policy, TargetState


def is_same(state: TargetState, judgement: Judgement) -> bool:
    """Is the target still who it was when its last restart was asked for?"""
    was = state.action_identity
    return was is not None and was == judgement.identity


def is_under_way(
    policy: Policy, state: TargetState, judgement: Judgement, now: float
) -> bool:
    """May the restart of a target that was well be still to come?

    Such a target answers well until it is really restarted: that proves nothing, and
    takes nothing back. Where nobody can tell who it is, its time to settle decides.
    """
    if state.action is None or not state.hand or state.incident is not None:
        return False
    if state.action_identity is None or judgement.identity is None:
        return now < state.action_at + policy.restart.settle
    return is_same(state, judgement) and now < state.action_at + policy.restart.proof
