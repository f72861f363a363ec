"""What a person may have done to a target: a restart, the end of an incident.

Both go the way of the watcher's own: the same effects, budget and proof.
"""

from __future__ import annotations

from agent2.core.degraded import closed
from agent2.core.effects import Notify, ResolveIncident, Step
from agent2.core.model import AlertKind, Health, Policy, TargetState
from agent2.core.repair import about, ask, withdraw
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.effects import Effect


def restart(
    target: str,
    policy: Policy,
    state: TargetState,
    identity: str | None,
    now: float,
    said: str,
) -> Step:
    """Ask for a restart because a person wants one; *said* is who and why.

    A spent budget does not refuse it: the person is who that waits for.
    """
    moved, effects = ask(target, policy, state, identity, now, said)
    return Step(moved, tuple(effects))


def close(
    target: str,
    policy: Policy,
    state: TargetState,
    incident: str,
    now: float,
    said: str,
    *,
    pending: bool,
) -> Step:
    """End *incident* by a person's word; *said* is who and why.

    Its failures stay counted: a target that still fails opens a new incident.
    *pending*: a restart order lies there and nobody took it up.
    """
    effects: list[Effect] = []
    if incident == state.warning:
        effects = closed(target, state, now)
        state = replace(state, slow_count=0, warning=None, warning_owed=False)
    elif incident == state.incident:
        if state.action is not None and pending:
            state, effects = withdraw(target, state, now)
        effects.append(ResolveIncident(incident, target, now))
        if state.told:
            effects.append(about(AlertKind.RESOLVED, target, policy, state, now))
        state = replace(
            state,
            health=Health.UNKNOWN,
            since=now,
            successes=0,
            incident=None,
            failing_since=None,
            told=False,
            action=None,
            hold_until=0.0,
            exhausted_at=None,
            exhausted_owed=False,
            withheld="",
        )
    told = (
        replace(each, closed_by=said) if isinstance(each, Notify) else each
        for each in effects
    )
    return Step(state, tuple(told))
