"""What an earlier run left in the store, and how much of it still holds."""

from __future__ import annotations

from agent2.core.model import Health, TargetState
from agent2.core.value import replace, value
from agent2.store import actions, gates, incidents, meta, people_tables, targets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.core.events import Gate
    from agent2.core.silences import Silence
    from agent2.plan.values import TargetPlan
    from agent2.store.actions import ActionRow
    from agent2.store.database import Database
    from agent2.store.incidents import Incident


@value
class LeftOver:
    """All that a start takes up. *cut_off*: actions begun and never marked."""

    instance: str
    states: dict[str, TargetState]
    cut_off: list[ActionRow]
    recent: list[ActionRow]
    total: int
    incidents: list[Incident]
    gates: tuple[Gate, ...]
    silences: tuple[Silence, ...]


def left_over(db: Database) -> LeftOver:
    """Read it, in the store's thread.

    Raises:
        StoreError: the store cannot be read.
    """
    return LeftOver(
        meta.instance(db),
        targets.load_all(db),
        actions.unfinished(db),
        actions.recent(db),
        actions.total(db),
        incidents.open_ones(db),
        gates.all_of(db),
        _silences(db),
    )


def _silences(db: Database) -> tuple[Silence, ...]:
    if not people_tables.said(db, 0.0)[0]:
        return ()
    from agent2.store import silences

    return silences.all_of(db)


def still_true(state: TargetState, plan: TargetPlan, now: float) -> TargetState:
    """Return what of a stored *state* may be believed at *now* (steady seconds).

    Incidents and budgets hold however long we were away, or a crash loop of ours
    would forgive a restart storm. Failures below the threshold are only counted on
    while they are fresh. Times ahead of *now* come from a clock that was ahead.
    """
    fresh = plan.policy.failure_threshold * plan.interval + plan.timeout
    since = state.since if state.since is not None else now
    if state.health is Health.FAILING and now - since > fresh:
        state = replace(state, health=Health.UNKNOWN, failures=0)
    changes: dict[str, Any] = {}
    for name in (
        "first_seen",
        "since",
        "healthy_since",
        "exhausted_at",
        "failing_since",
    ):
        at = getattr(state, name)
        if at is not None and at > now:
            changes[name] = now
    for name in ("reminded_at", "action_at", "incident_at", "warning_at", "flap_at"):
        if getattr(state, name) > now:
            changes[name] = now
    if state.hold_until > now + plan.policy.restart.settle:
        changes["hold_until"] = now
    changes["restarts"] = tuple(min(at, now) for at in state.restarts)
    return replace(state, **changes)
