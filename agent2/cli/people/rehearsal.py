"""``agent2 restart-target TARGET --dry-run``: what would be done, and may it be now."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

import click

from agent2.cli import codes
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.records import NAME, Store, moment, print_json
from agent2.cli.state import snapshot
from agent2.cli.state.machine import duration
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.model import Health, Judgement, Severity, Verdict
from agent2.core.policies import Decision, Ruling
from agent2.core.restarts import inside, may_restart
from agent2.core.silences import silenced
from agent2.core.text import visible
from agent2.core.value import replace
from agent2.host.clock import Clock
from agent2.store import gates, silences, targets
from agent2.watcher import rehearsal
from agent2.watcher.cycle import bar_of
from agent2.watcher.gates import Gates
from agent2.watcher.groups import join
from agent2.watcher.outstanding import Outstanding
from agent2.watcher.watched import Watched, is_held

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.cli.settings import Settings
    from agent2.plan.values import Plan, TargetPlan

_BUDGET = frozenset({"backoff", "exhausted", "proof"})  # hold the agent, no person
_ILL = frozenset({Health.UNHEALTHY.value, Health.FAILING.value})


def tell(settings: Settings, name: str, *, as_json: bool) -> int:
    """Print it; 0 where a restart would be asked for if the target were down now.

    Raises:
        Failure: there is no such target, or the configuration is refused.
    """
    tree = rehearse(settings, obtain(settings), name)
    if as_json:
        print_json({"schema": "agent2.rehearsal/1", **tree})
    else:
        click.echo("\n".join(map(visible, _sentences(tree))))
    return codes.OK if tree["allowed"] else codes.FAILED


def rehearse(settings: Settings, plan: Plan, name: str) -> dict[str, Any]:
    """Return the decision on a restart of the target *name* of *plan*, as JSON.

    It is the watcher's own, made of what the store remembers; nothing is written.

    Raises:
        Failure: there is no such target, or the store cannot be read.
    """
    found = _all_of(plan)
    if name not in found:
        message = say("order.unknown_target", subject=visible(name))
        raise Failure(codes.USAGE, message, "agent2 status")
    clock, watched, quiet = Clock(), found[name], None
    barring = _gates(clock, settings.state_dir, plan, found)
    if os.path.exists(settings.path(NAME)):
        with Store(settings) as db:
            for each, state in targets.load_all(db).items():
                if each in found:
                    found[each].state = state
            barring.rows = gates.all_of(db)
            held = silences.current(db, clock.wall())
            severities = (watched.plan.policy.severity, Severity.WARNING)
            facts = (name, severities, watched.plan.labels, clock.wall())
            quiet = next(iter(silenced(held, *facts).values()), None)
    deeds = Outstanding(clock, settings.state_dir)
    decision = _decide(watched, found, barring, deeds, clock.now())
    note = decision.concerns[0].description if decision.concerns else ""
    budget, state = watched.plan.policy.restart, watched.state
    return {
        "target": name,
        "health": state.health.value,
        "fresh": snapshot.read(settings).fresh,
        "does": rehearsal.intended(watched),
        "step": watched.next_rung + 1,
        "steps": len(watched.actions),
        "allowed": decision.ruling is Ruling.ALLOW,
        "reason": decision.reason,
        "note": note,
        "until": moment(decision.until),
        "by_hand": decision.ruling is Ruling.ALLOW or decision.reason in _BUDGET,
        "budget": {
            "used": inside(budget, state.restarts, clock.now()),
            "limit": budget.intensity,
            "period_s": budget.period,
        },
        "silenced_until": None if quiet is None else moment(quiet.until),
    }


def _all_of(plan: Plan) -> dict[str, Watched]:
    found = {one.name: _bare(one) for one in plan.targets}
    join(found)
    return found


def _bare(target: TargetPlan) -> Watched:
    """Return *target* with its actions; no check of it is made."""
    made = Watched(replace(target, checks=()))
    made.plan = target
    return made


def _gates(
    clock: Clock, state_dir: str, plan: Plan, found: dict[str, Watched]
) -> Gates:
    made = Gates(clock, state_dir, _nobody, _nobody, _nobody)
    made.use(plan, found)
    return made


def _nobody(*_: object) -> NoReturn:
    raise AssertionError("nothing is carried out here")


def _decide(
    watched: Watched,
    found: dict[str, Watched],
    barring: Gates,
    deeds: Outstanding,
    now: float,
) -> Decision:
    """Decide as ``core/health.py`` does, once the target is down."""
    state, name = watched.state, watched.name
    if deeds.pending(watched):
        return Decision(Ruling.PAUSE, "under_way")
    if is_held(watched, found):
        return Decision(Ruling.PAUSE, "depends_on")
    why = Judgement(Verdict.BAD, state.facet, state.code, state.detail)
    bar = bar_of(barring, deeds, watched, why, now)
    return may_restart(watched.policy.restart, state, name, now, bar)


def _sentences(tree: dict[str, Any]) -> Iterator[str]:
    budget = tree["budget"]
    yield say("rehearsal.step", target=tree["target"], does=tree["does"])
    period = duration(budget["period_s"])
    spent = {"used": budget["used"], "limit": budget["limit"], "period": period}
    yield say("rehearsal.budget", **spent)
    why = f"{tree['reason']}: {tree['note']}" if tree["note"] else tree["reason"]
    if tree["allowed"]:
        yield say("rehearsal.allowed", why=why)
    elif tree["until"]:
        yield say("rehearsal.later", at=tree["until"], why=why)
    else:
        yield say("rehearsal.refused", why=why)
    if tree["by_hand"] and not tree["allowed"]:
        command = typed(f"restart-target {tree['target']} --why TEXT")
        yield say("rehearsal.by_hand", command=command)
    if tree["health"] not in _ILL:
        yield say("rehearsal.well", health=tree["health"])
    if tree["silenced_until"]:
        yield say("rehearsal.silenced", until=tree["silenced_until"])
    if not tree["fresh"]:
        yield say("rehearsal.stale")
