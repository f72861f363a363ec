"""The restart budget: at most *intensity* per *period*, with growing gaps between.

OTP's restart intensity (stdlib, ``supervisor:add_restart``) with the back-off of
Kubernetes (10 s doubling to 300 s, new after 10 minutes of health).
"""

from __future__ import annotations

from agent2.core.chance import spread
from agent2.core.model import Health, RestartPolicy, TargetState
from agent2.core.policies import Decision, Ruling

DRY_RUN = "dry_run"  # the bar of who restarts nothing: all others are asked before it
_MAX_EXPONENT = 20  # 2.0 ** 1024 overflows; the cap is reached long before


def gap(policy: RestartPolicy, attempts: int, seed: str) -> float:
    """Return the seconds that must lie between restart *attempts* and the next.

    The gap doubles with each attempt and is shortened by up to half, by *seed*, so
    that the targets of one cause do not restart in step. It is never shorter than
    the settle time: nobody judges a restart that is still settling.
    """
    if attempts <= 0:
        return 0.0
    longest = policy.backoff * 2.0 ** min(attempts - 1, _MAX_EXPONENT)
    wait = min(longest, policy.backoff_max) * (1.0 - spread(seed) / 2.0)
    return max(wait, policy.settle)


def inside(policy: RestartPolicy, restarts: tuple[float, ...], now: float) -> int:
    """Return how many of *restarts* lie inside the budget's period."""
    return sum(1 for at in restarts if now - at < policy.period)


def may_restart(
    policy: RestartPolicy,
    state: TargetState,
    target: str,
    now: float,
    bar: Decision | None = None,
) -> Decision:
    """Decide whether *target* may be restarted at *now*, and say why.

    *bar* is what stands in the way whatever the budget says (``core/bars.py``).
    """
    if not policy.enabled:
        return Decision(Ruling.BLOCK, "off")
    if bar is not None and bar.reason != DRY_RUN:
        return bar
    decision = _spend(policy, state, target, now)
    if decision.ruling is Ruling.ALLOW and policy.dry_run:
        return bar or Decision(Ruling.BLOCK, "dry_run")
    return decision


def _spend(
    policy: RestartPolicy, state: TargetState, target: str, now: float
) -> Decision:
    """Decide what the budget says by itself."""
    if state.exhausted_at is not None:
        return _half_open(policy, max((state.exhausted_at, *state.restarts)), now)
    if inside(policy, state.restarts, now) >= policy.intensity:
        proved_by = state.action_at + policy.proof
        if state.action is not None and now < proved_by:
            return Decision(Ruling.PAUSE, "proof", proved_by)
        return Decision(Ruling.BLOCK, "exhausted", now + policy.half_open)
    if not state.restarts:
        return Decision(Ruling.ALLOW, "budget")
    wait = gap(policy, state.attempts, f"{target}#{state.attempts}")
    due = state.restarts[-1] + wait
    if now < due:
        return Decision(Ruling.PAUSE, "backoff", due)
    return Decision(Ruling.ALLOW, "budget")


def _half_open(policy: RestartPolicy, since: float, now: float) -> Decision:
    """Decide for a spent budget: one more try each ``half_open``, or a person."""
    due = since + policy.half_open
    if now < due:
        return Decision(Ruling.BLOCK, "exhausted", due)
    return Decision(Ruling.ALLOW, "half_open")


def due(policy: RestartPolicy, state: TargetState, target: str) -> float | None:
    """Return when an unhealthy *target* may be restarted next, at the earliest.

    None where no time is waited for: none was asked for yet, or restarts are off. It
    is the back-off's or the budget's time; a bar stands in the way whatever it is.
    """
    if not policy.enabled or state.health is not Health.UNHEALTHY:
        return None
    last = max((state.exhausted_at or 0.0, *state.restarts))
    if not last:
        return None
    decision = may_restart(policy, state, target, last)
    if decision.reason == "proof" and decision.until is not None:
        return decision.until + policy.half_open  # then the budget is found spent
    return decision.until
