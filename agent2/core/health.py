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
    Severity,
    TargetState,
    Verdict,
)
from agent2.core.quiet import LOUD, Quiet
from agent2.core.repair import about, remind, repair, withdraw, worsen
from agent2.core.under_way import is_same, is_under_way
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
    quiet: Quiet = LOUD,
) -> Step:
    """Return the state after one cycle and what follows from it.

    *now* is steady seconds. *died*: the kernel reported the death of the watched
    process. *pending*: an earlier restart order lies there and nobody took it up.
    *held*: something that this target depends on is failing: it is measured as ever,
    but not told and not restarted; if it is still down afterwards, it is told then.
    *bar*: why no restart may be asked for (a pause, a redline); it bars nothing else.
    *quiet*: what people have silenced or acknowledged; it keeps back alerts alone.
    """
    if judgement.verdict is Verdict.UNKNOWN:
        return Step(state)
    if judgement.verdict is Verdict.GOOD and not held and is_calm(policy, state):
        return Step(state)  # nothing would change: most cycles of most targets
    flags = (died, pending, held, bar, quiet)
    return move(target, policy, state, judgement, now, *flags)


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
    quiet: Quiet = LOUD,
) -> Step:
    """Return the step that a verdict makes; see ``advance``."""
    if state.first_seen is None:
        state = replace(state, first_seen=now, since=now)
    bad = judgement.verdict is Verdict.BAD
    taken: list[Effect] = []
    if bad and bar is not None and pending and not state.hand:
        state, taken, pending = *_take_back(target, state, now), False
    if bad and _excused(policy, state, now):
        return Step(state, tuple(taken))
    silent = policy.severity in quiet.silenced
    facts = (target, policy, state, now)
    state, effects = watch_flapping(*facts, bad=bad, held=held, silent=silent)
    if bad:
        moved, more = _worse(
            target, policy, state, judgement, now, died, pending, held, bar, quiet
        )
    else:
        silent = Severity.WARNING in quiet.silenced
        moved, more = _better(
            target, policy, state, judgement, now, pending, held, silent
        )
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
    quiet: Quiet,
) -> tuple[TargetState, list[Effect]]:
    silent = policy.severity in quiet.silenced
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
    moved, effects = _open(target, policy, moved, now) if down else (moved, [])
    if down and moved.flap is None and not (held or silent):
        moved, more = (worsen if moved.told else _tell)(target, policy, moved, now)
        effects += more
    if down and not held:
        moved, more = repair(
            target, policy, moved, judgement.identity, now, pending, bar, silent
        )
        moved, reminder = remind(target, policy, moved, now, quiet)
        effects += more + reminder
    return moved, effects


def _open(
    target: str, policy: Policy, state: TargetState, now: float
) -> tuple[TargetState, list[Effect]]:
    if state.incident is not None:
        return state, []
    incident = f"{target}@{now:.3f}"
    why = (state.facet, state.code, state.detail)
    opened = OpenIncident(incident, target, policy.severity, now, *why)
    opens = {"incident": incident, "incident_at": now, "severity": policy.severity}
    return replace(state, **opens), [opened]


def _tell(
    target: str, policy: Policy, state: TargetState, now: float
) -> tuple[TargetState, list[Effect]]:
    """Tell of an open incident: at once, or when the flapping that hid it ends."""
    kinds = [AlertKind.FIRING]
    if state.exhausted_at is not None:
        kinds.append(AlertKind.EXHAUSTED)
    loud = {"told": True, "severity": policy.severity}
    told = replace(state, **loud, reminded=0, reminded_at=now)
    return told, [about(kind, target, policy, told, now) for kind in kinds]


def _better(
    target: str,
    policy: Policy,
    state: TargetState,
    judgement: Judgement,
    now: float,
    pending: bool,
    held: bool,
    silent: bool,
) -> tuple[TargetState, list[Effect]]:
    slow = judgement.verdict is Verdict.DEGRADED
    successes = min(state.successes + 1, policy.success_threshold)
    moved = replace(state, failures=0, successes=successes)
    effects: list[Effect] = []
    if is_under_way(policy, moved, judgement, now):
        if pending:  # it is still to be taken up: its time to settle comes then
            moved = replace(moved, hold_until=now + policy.restart.settle)
    else:
        moved = replace(moved, hold_until=0.0)
        if moved.action is not None and pending:
            moved, effects = withdraw(target, moved, now)
    if moved.incident is None or moved.successes >= policy.success_threshold:
        moved, more = _recover(target, policy, moved, judgement, now)
        effects += more
    else:
        moved = replace(moved, health=Health.RECOVERING)
    turn = degrade if slow else restore
    moved, more = turn(target, policy, moved, judgement, now, held, silent)
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
    waits = is_under_way(policy, state, judgement, now)
    if state.action is not None and not waits:
        same = is_same(state, judgement)
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
        action=state.action if waits else None,
        exhausted_at=None,
        exhausted_owed=False,
        withheld="",
        attempts=0 if rearmed else state.attempts,
    ), effects
