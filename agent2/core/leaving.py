"""A target leaves the configuration: what was told of it is closed, truthfully.

Nobody knows whether it is well again; nobody will look. Its open incident would stay
open for ever with every receiver, and an order to restart it would be carried out for
something that nobody watches. The budget is kept: who comes back has spent what it had.
"""

from __future__ import annotations

from agent2.core.degraded import closed
from agent2.core.effects import Notify, ResolveIncident, Step
from agent2.core.flapping import flapped
from agent2.core.model import AlertKind, Health, Policy, TargetState
from agent2.core.repair import about, withdraw
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.effects import Effect


def leave(
    target: str, policy: Policy, state: TargetState, now: float, *, pending: bool
) -> Step:
    """Return what is remembered of *target* once it is watched no more, and the wishes.

    *pending*: a restart order lies there and nobody took it up.
    """
    effects: list[Effect] = []
    if state.action is not None and pending:
        state, effects = withdraw(target, state, now)
    if state.incident is not None:
        effects.append(ResolveIncident(state.incident, target, now))
        if state.told:
            effects.append(about(AlertKind.RESOLVED, target, policy, state, now))
    effects += closed(target, state, now)
    effects += flapped(target, policy, state, now)
    kept = replace(
        state,
        health=Health.UNKNOWN,
        degraded=False,
        failures=0,
        successes=0,
        slow_count=0,
        healthy_since=None,
        incident=None,
        failing_since=None,
        warning=None,
        warning_owed=False,
        told=False,
        action=None,
        exhausted_owed=False,
        withheld="",
        hold_until=0.0,
        seen=0,
        flap=None,
        flap_owed=False,
    )
    unwatched = (
        replace(each, unwatched=True) if isinstance(each, Notify) else each
        for each in effects
    )
    return Step(kept, tuple(unwatched))
