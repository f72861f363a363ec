"""What is done for an unhealthy target: ask for a restart, prove it, remind people."""

from __future__ import annotations

from agent2.core.effects import (
    Notify,
    Prove,
    RequestRestart,
    WithdrawRestart,
    Withhold,
)
from agent2.core.model import ActionResult, AlertKind, Policy, Severity, TargetState
from agent2.core.policies import Ruling
from agent2.core.restarts import DRY_RUN, may_restart
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.effects import Effect
    from agent2.core.policies import Decision
    from agent2.core.quiet import Quiet

# Reasons of the budget itself. Any other is a bar's, and goes when that is lifted.
_OWN = frozenset({"", "off", "exhausted", DRY_RUN})
LOUDEST = tuple(Severity)
IN_TURN = "in_turn"  # another of its group restarts (core/groups.py)


def repair(
    target: str,
    policy: Policy,
    state: TargetState,
    identity: str | None,
    now: float,
    pending: bool,
    bar: Decision | None,
    silent: bool = False,
) -> tuple[TargetState, list[Effect]]:
    """Return *state* after deciding on a restart of an unhealthy target.

    While an order lies there that nobody took up (*pending*) no other is made:
    there is exactly one live signal per incident. The restart counts from when it
    was taken up: one that begins late has its whole time to settle and to help.

    A *bar* is said once; when it is lifted, the restart is asked for at once.
    """
    if pending:
        if state.action is None:
            return state, []
        restarts = (*state.restarts[:-1], now)
        return replace(state, action_at=now, restarts=restarts), []
    if bar is None and state.withheld not in _OWN:
        state = replace(state, withheld="")
    decision = may_restart(policy.restart, state, target, now, bar)
    if decision.ruling is Ruling.ALLOW:
        return ask(target, policy, state, identity, now)
    state, effects = _overdue(target, policy, state, now)
    told = decision.ruling is Ruling.BLOCK or decision is bar
    if told and state.withheld != decision.reason:
        state, more = _withhold(target, policy, state, decision, now, silent)
        effects += more
    return state, effects


def ask(
    target: str,
    policy: Policy,
    state: TargetState,
    identity: str | None,
    now: float,
    by_hand: str = "",
) -> tuple[TargetState, list[Effect]]:
    """Ask for a restart; *by_hand* says who asked and why where a person did.

    It counts in the budget either way: people and the watchdog share the target.
    """
    effects: list[Effect] = []
    if state.action is not None:
        effects.append(Prove(state.action, target, ActionResult.FAILED, now))
    attempt = state.attempts + 1
    action = f"{target}#{now:.3f}"
    effects.append(
        RequestRestart(
            action,
            target,
            state.incident or "",
            attempt,
            now,
            state.facet,
            state.code,
            by_hand or state.detail,
            by_hand,
        )
    )
    kept = tuple(at for at in state.restarts if now - at < policy.restart.period)
    return replace(
        state,
        restarts=(*kept, now),
        attempts=attempt,
        action=action,
        action_at=now,
        action_identity=identity,
        hand=by_hand != "",
        hold_until=now + policy.restart.settle,
    ), effects


def withdraw(
    target: str, state: TargetState, now: float
) -> tuple[TargetState, list[Effect]]:
    """Take the unconsumed order back; what never happened costs no budget."""
    assert state.action is not None
    effect = WithdrawRestart(state.action, target, state.incident or "", now)
    refunded = replace(
        state,
        action=None,
        hold_until=0.0,
        restarts=state.restarts[:-1],
        attempts=max(state.attempts - 1, 0),
    )
    return refunded, [effect]


def _overdue(
    target: str, policy: Policy, state: TargetState, now: float
) -> tuple[TargetState, list[Effect]]:
    """Say that a restart did not help once its time for proof is over."""
    if state.action is None or now - state.action_at < policy.restart.proof:
        return state, []
    failed = Prove(state.action, target, ActionResult.FAILED, now)
    return replace(state, action=None), [failed]


def _withhold(
    target: str,
    policy: Policy,
    state: TargetState,
    decision: Decision,
    now: float,
    silent: bool,
) -> tuple[TargetState, list[Effect]]:
    assert state.incident is not None
    why = decision.reason
    note = decision.concerns[0].description if decision.concerns else ""
    effects: list[Effect] = [
        Withhold(target, state.incident, now, why, decision.ruling, note)
    ]
    moved = replace(state, withheld=why)
    if why == "exhausted" and state.exhausted_at is None:
        owed = state.told and silent
        moved = replace(moved, exhausted_at=now, exhausted_owed=owed)
        if state.told and not silent:
            effects.append(about(AlertKind.EXHAUSTED, target, policy, moved, now))
    return moved, effects


def remind(
    target: str, policy: Policy, state: TargetState, now: float, quiet: Quiet
) -> tuple[TargetState, list[Effect]]:
    """Tell again, with growing gaps, that an incident is still open.

    Nobody is reminded of what somebody has acknowledged; that its budget is spent is
    worse than what was acknowledged, so it is told even then.
    """
    if not state.told or policy.severity in quiet.silenced:
        return state, []
    if state.exhausted_owed:
        spent = about(AlertKind.EXHAUSTED, target, policy, state, now)
        return replace(state, exhausted_owed=False), [spent]
    if not policy.reminders or quiet.acked:
        return state, []
    wait = policy.reminders[min(state.reminded, len(policy.reminders) - 1)]
    if now - state.reminded_at < wait:
        return state, []
    count = state.reminded + 1
    told = about(AlertKind.REMINDER, target, policy, state, now, count)
    return replace(state, reminded=count, reminded_at=now), [told]


def worsen(
    target: str, policy: Policy, state: TargetState, now: float
) -> tuple[TargetState, list[Effect]]:
    """Tell again, louder, of an incident that matters more than when it was told."""
    if LOUDEST.index(policy.severity) >= LOUDEST.index(state.severity):
        return state, []
    count = LOUDEST.index(state.severity) - LOUDEST.index(policy.severity)
    told = replace(state, severity=policy.severity, reminded=0, reminded_at=now)
    return told, [about(AlertKind.FIRING, target, policy, told, now, count)]


def about(
    kind: AlertKind,
    target: str,
    policy: Policy,
    state: TargetState,
    now: float,
    count: int = 0,
) -> Notify:
    """Return the wish to tell of the open incident, with its true beginning."""
    assert state.incident is not None
    return Notify(
        kind,
        target,
        state.incident,
        policy.severity,
        now,
        state.incident_at if state.failing_since is None else state.failing_since,
        state.facet,
        state.code,
        state.detail,
        count,
    )
