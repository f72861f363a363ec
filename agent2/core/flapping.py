"""Does a target change too often? Nagios' weighted share of changes, with hysteresis.

Of the last 21 cycles there are 20 possible changes; the oldest weighs 0.75 and the
newest 1.25 (Nagios Core, "Detection and Handling of State Flapping"). 30 % begins it
and 25 % ends it, Icinga 2's numbers; between them nothing changes.
"""

from __future__ import annotations

from agent2.core.effects import Notify
from agent2.core.model import AlertKind, Policy, TargetState
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.effects import Effect

CHANGES = 20
HIGH = 0.30
LOW = 0.25
_MASK = (1 << CHANGES) - 1
# 1.25 down to 0.75 in 19 equal steps, times 76: whole numbers make the limits exact.
_WEIGHTS = tuple(95 - 2 * age for age in range(CHANGES))


def note(ring: int, *, changed: bool) -> int:
    """Return *ring* with one more cycle in it: did the verdict change?"""
    return ((ring << 1) | changed) & _MASK


def share(ring: int) -> float:
    """Return the weighted share of changes in [0, 1]."""
    total = sum(_WEIGHTS[age] for age in range(CHANGES) if ring >> age & 1)
    return total / sum(_WEIGHTS)


def is_flapping(ring: int, seen: int, *, was: bool) -> bool:
    """Return whether a target flaps, given that it *was* flapping before."""
    if seen <= CHANGES:
        return was
    return share(ring) >= (LOW if was else HIGH)


def watch_flapping(
    target: str,
    policy: Policy,
    state: TargetState,
    now: float,
    *,
    bad: bool,
    held: bool,
    silent: bool = False,
) -> tuple[TargetState, list[Effect]]:
    """Note one cycle; tell once that the target begins or ends to flap.

    While it flaps, incidents are recorded but not told one by one, so it is told as
    loud as they would be; restarts keep to their budget as always. What happens while
    something that the target depends on fails (*held*) says nothing of the target.
    What a silence keeps back (*silent*) is told when that ends and it still flaps.
    """
    if held:
        return replace(state, seen=0), []
    was = state.flap is not None
    if not policy.flapping and not was:
        return state, []
    ring = note(state.ring, changed=bad != (state.failures > 0))
    seen = min(state.seen + 1, CHANGES + 1)
    moved = replace(state, ring=ring, seen=seen)
    flaps = policy.flapping and is_flapping(ring, seen, was=was)
    if was and not flaps:
        return replace(moved, flap=None, flap_owed=False), flapped(
            target, policy, moved, now
        )
    if not was and flaps:
        flap = f"{target}@{now:.3f}~flapping"
        moved = replace(moved, flap=flap, flap_at=now, flap_owed=True)
    if silent or moved.flap is None or not moved.flap_owed:
        return moved, []
    told = about_flapping(AlertKind.FLAPPING, target, policy, moved, now)
    return replace(moved, flap_owed=False), [told]


def flapped(
    target: str, policy: Policy, state: TargetState, now: float
) -> list[Effect]:
    """Return the end of the flapping of *state*, for those who were told of it."""
    if state.flap is None or state.flap_owed:
        return []
    return [about_flapping(AlertKind.RESOLVED, target, policy, state, now)]


def about_flapping(
    kind: AlertKind, target: str, policy: Policy, state: TargetState, now: float
) -> Notify:
    """Return the wish to tell that the flapping of *state* begins or ends."""
    assert state.flap is not None
    why = (state.facet, state.code, f"{share(state.ring):.0%}")
    return Notify(kind, target, state.flap, policy.severity, now, state.flap_at, *why)
