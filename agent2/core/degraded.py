"""Half-well: a target that answers slowly or with a warning. Told, never restarted."""

from __future__ import annotations

from agent2.core.effects import Notify, OpenIncident, ResolveIncident, Warn
from agent2.core.model import AlertKind, Judgement, Policy, Severity, TargetState
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.effects import Effect


def degrade(
    target: str,
    policy: Policy,
    state: TargetState,
    judgement: Judgement,
    now: float,
    held: bool,
    silent: bool,
) -> tuple[TargetState, list[Effect]]:
    """Note a warning at once, and tell it when it lasts for the failure threshold.

    While what the target depends on fails (*held*) it is noted and not told. What a
    silence keeps back (*silent*) is told when that ends and it is still open.
    """
    count = state.slow_count + 1
    moved = replace(state, degraded=True, slow_count=count)
    why = (judgement.code, judgement.detail)
    effects: list[Effect] = []
    if not state.degraded:
        effects.append(
            Warn(f"{target}#{now:.3f}", target, now, *why, judgement.response_s)
        )
    if count >= policy.failure_threshold and state.warning is None and not held:
        warning = f"{target}@{now:.3f}"
        moved = replace(moved, warning=warning, warning_at=now, warning_owed=True)
        facts = (Severity.WARNING, now)
        effects.append(OpenIncident(warning, target, *facts, judgement.facet, *why))
    if moved.warning is not None and moved.warning_owed and not (silent or held):
        moved = replace(moved, warning_owed=False)
        effects.append(_told(target, moved, judgement, now))
    return moved, effects


def _told(target: str, state: TargetState, judgement: Judgement, now: float) -> Notify:
    assert state.warning is not None
    return Notify(
        AlertKind.DEGRADED,
        target,
        state.warning,
        Severity.WARNING,
        now,
        state.warning_at,
        judgement.facet,
        judgement.code,
        judgement.detail,
        response_s=judgement.response_s,
    )


def restore(
    target: str,
    _policy: Policy,
    state: TargetState,
    _judgement: Judgement,
    now: float,
    _held: bool,
    _silent: bool,
) -> tuple[TargetState, list[Effect]]:
    """Close an open warning, in the words of what it warned of."""
    cleared = {"degraded": False, "slow_count": 0, "warning": None}
    moved = replace(state, **cleared, warning_owed=False)
    return moved, closed(target, state, now)


def closed(target: str, state: TargetState, now: float) -> list[Effect]:
    """Return the end of the open warning of *state*, nothing if there is none."""
    if state.warning is None:
        return []
    over = ResolveIncident(state.warning, target, now)
    if state.warning_owed:
        return [over]
    why = (state.facet, state.code, state.detail)
    facts = (Severity.WARNING, now, state.warning_at, *why)
    return [over, Notify(AlertKind.RESOLVED, target, state.warning, *facts)]
