"""What a cycle says, and what is believed after it. Read this first.

    observations --judge (judgement.py)--> Judgement --advance--> Step(state', effects)

Rules of the room: nothing here knows files, processes or people; time comes in as
``now``; a wish leaves as an effect. Health moves like this (N and M are the failure
and success thresholds):

    UNKNOWN --good--> HEALTHY --bad--> FAILING --bad x N--> UNHEALTHY
    FAILING --good--> HEALTHY                        (the incident opens)
    UNHEALTHY --good--> RECOVERING --good x M--> HEALTHY (the incident closes)
    RECOVERING --bad--> UNHEALTHY                    (still the same incident)

An UNKNOWN verdict moves nothing: our own trouble is never the target's. DEGRADED
counts as good for the thresholds and raises a warning of its own, never a restart.
"""

from __future__ import annotations

from agent2.core.calm import is_calm
from agent2.core.degraded import degrade, restore
from agent2.core.effects import (
    OpenIncident,
    Prove,
    Record,
    ResolveIncident,
    Step,
)
from agent2.core.flapping import watch_flapping
from agent2.core.model import (
    ActionResult,
    AlertKind,
    Health,
    Judgement,
    Policy,
    TargetState,
    Verdict,
)
from agent2.core.repair import about, remind, repair, withdraw
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.effects import Effect
    from agent2.core.policies import Decision


def advance(
    target: str,
    policy: Policy,
    state: TargetState,
    judgement: Judgement,
    now: float,
    *,
    died: bool = False,
    pending: bool = False,
    held: bool = False,
    bar: Decision | None = None,
) -> Step:
    """Return the state after one cycle and what follows from it.

    *now* is steady seconds. *died*: the kernel reported the death of the watched
    process. *pending*: an earlier restart order lies there and nobody took it up.
    *held*: something that this target depends on is failing: it is measured as ever,
    but not told and not restarted; if it is still down afterwards, it is told then.
    *bar*: why no restart may be asked for (a pause, a redline); it bars nothing else.
    """
    if judgement.verdict is Verdict.UNKNOWN:
        return Step(state)
    if judgement.verdict is Verdict.GOOD and not held and is_calm(policy, state):
        return Step(state)  # nothing would change: most cycles of most targets
    return move(target, policy, state, judgement, now, died, pending, held, bar)


def move(
    target: str,
    policy: Policy,
    state: TargetState,
    judgement: Judgement,
    now: float,
    died: bool,
    pending: bool,
    held: bool,
    bar: Decision | None = None,
) -> Step:
    """Return the step that a verdict makes; see ``advance``."""
    if state.first_seen is None:
        state = replace(state, first_seen=now, since=now)
    bad = judgement.verdict is Verdict.BAD
    taken: list[Effect] = []
    if bad and bar is not None and pending:
        state, taken, pending = *_take_back(target, state, now), False
    if bad and _excused(policy, state, now):
        return Step(state, tuple(taken))
    state, effects = watch_flapping(target, policy, state, now, bad=bad, held=held)
    if bad:
        moved, more = _worse(
            target, policy, state, judgement, now, died, pending, held, bar
        )
    else:
        moved, more = _better(target, policy, state, judgement, now, pending, held)
    effects = taken + effects + more
    if moved.health is not state.health:
        moved = replace(moved, since=now)
        why = (judgement.facet, judgement.code, judgement.detail)
        effects.insert(0, Record(target, state.health, moved.health, now, *why))
    return Step(moved, tuple(effects))


def _take_back(
    target: str, state: TargetState, now: float
) -> tuple[TargetState, list[Effect]]:
    """Take back what lies there, or it would run although restarts are barred."""
    if state.action is None:
        return state, []  # an earlier run's; the watcher removes it
    return withdraw(target, state, now)


def _excused(policy: Policy, state: TargetState, now: float) -> bool:
    """Is this failure not counted: settling after a restart, or never yet up?"""
    if now < state.hold_until:
        return True
    if state.ever_healthy or state.first_seen is None:
        return False
    return now - state.first_seen < policy.start_grace


def _worse(
    target: str,
    policy: Policy,
    state: TargetState,
    judgement: Judgement,
    now: float,
    died: bool,
    pending: bool,
    held: bool,
    bar: Decision | None,
) -> tuple[TargetState, list[Effect]]:
    failures = state.failures + 1
    tripped = died and policy.trip_on_exit
    down = failures >= policy.failure_threshold or tripped or state.incident is not None
    moved = replace(
        state,
        health=Health.UNHEALTHY if down else Health.FAILING,
        failures=failures,
        failing_since=now if state.failing_since is None else state.failing_since,
        successes=0,
        slow_count=0,
        degraded=False,
        healthy_since=None,
        facet=judgement.facet,
        code=judgement.code,
        detail=judgement.detail,
    )
    effects: list[Effect] = []
    if down and moved.incident is None:
        moved, effects = _open(target, policy, moved, now)
    if down and moved.flap is None and not moved.told and not held:
        moved, more = _tell(target, policy, moved, now)
        effects += more
    if down and not held:
        moved, more = repair(
            target, policy, moved, judgement.identity, now, pending, bar
        )
        moved, reminder = remind(target, policy, moved, now)
        effects += more + reminder
    return moved, effects


def _open(
    target: str, policy: Policy, state: TargetState, now: float
) -> tuple[TargetState, list[Effect]]:
    incident = f"{target}@{now:.3f}"
    why = (state.facet, state.code, state.detail)
    opened = OpenIncident(incident, target, policy.severity, now, *why)
    return replace(state, incident=incident, incident_at=now), [opened]


def _tell(
    target: str, policy: Policy, state: TargetState, now: float
) -> tuple[TargetState, list[Effect]]:
    """Tell of an open incident: at once, or when the flapping that hid it ends."""
    kinds = [AlertKind.FIRING]
    if state.exhausted_at is not None:
        kinds.append(AlertKind.EXHAUSTED)
    told = replace(state, told=True, reminded=0, reminded_at=now)
    return told, [about(kind, target, policy, told, now) for kind in kinds]


def _better(
    target: str,
    policy: Policy,
    state: TargetState,
    judgement: Judgement,
    now: float,
    pending: bool,
    held: bool,
) -> tuple[TargetState, list[Effect]]:
    slow = judgement.verdict is Verdict.DEGRADED
    successes = min(state.successes + 1, policy.success_threshold)
    moved = replace(state, failures=0, successes=successes, hold_until=0.0)
    effects: list[Effect] = []
    if moved.action is not None and pending:
        moved, effects = withdraw(target, moved, now)
    if moved.incident is None or moved.successes >= policy.success_threshold:
        moved, more = _recover(target, policy, moved, judgement, now)
        effects += more
    else:
        moved = replace(moved, health=Health.RECOVERING)
    turn = degrade if slow else restore
    moved, more = turn(target, policy, moved, judgement, now, held)
    if moved.incident is None:  # a recovery tells what was wrong, so it stays till then
        moved = replace(
            moved,
            facet=judgement.facet,
            code=judgement.code,
            detail=judgement.detail,
        )
    return moved, effects + more


def _recover(
    target: str,
    policy: Policy,
    state: TargetState,
    judgement: Judgement,
    now: float,
) -> tuple[TargetState, list[Effect]]:
    effects: list[Effect] = []
    if state.action is not None:
        was, is_now = state.action_identity, judgement.identity
        same = was is not None and was == is_now
        result = ActionResult.FAILED if same else ActionResult.SUCCESS
        effects.append(Prove(state.action, target, result, now))
    if state.incident is not None:
        effects.append(ResolveIncident(state.incident, target, now))
        if state.told:
            effects.append(about(AlertKind.RESOLVED, target, policy, state, now))
    since = now if state.healthy_since is None else state.healthy_since
    rearmed = now - since >= policy.restart.rearm
    return replace(
        state,
        health=Health.HEALTHY,
        ever_healthy=True,
        healthy_since=since,
        incident=None,
        failing_since=None,
        told=False,
        action=None,
        exhausted_at=None,
        withheld="",
        attempts=0 if rearmed else state.attempts,
    ), effects
