"""Carry out what a person ordered: look now, restart, close an incident.

A restart by hand goes the way of the watcher's own: redlines, frozen windows, gates,
one commit, the same action and proof. Only the budget does not refuse it; it counts.
"""

from __future__ import annotations

from agent2.core import by_hand
from agent2.core.effects import ResolveIncident
from agent2.core.judgement import judge
from agent2.core.model import Judgement, Verdict
from agent2.core.policies import Level
from agent2.store import incidents, orders
from agent2.store.spoken import answered
from agent2.watcher.cycle import bar_of, commit, follow

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Protocol

    from agent2.core.alerting import Facts
    from agent2.core.effects import Step
    from agent2.core.policies import Decision
    from agent2.store.orders import Order
    from agent2.watcher import cycle
    from agent2.watcher.telling import Telling
    from agent2.watcher.watched import Watched

    class Parts(cycle.Parts, Protocol):
        """What of the agent is needed here."""

        telling: Telling
        look_now: Callable[[Watched], object]

        def facts(self, watched: Watched) -> Facts:
            """Return what every alert of *watched* says."""


LATE_S = 300.0  # nobody expects to see an older order carried out
_EVERY = "*"
_POLL = 0.05  # seconds
_NEVER = frozenset({Level.HIGH, Level.CRITICAL})


class RefusedError(Exception):
    """It is not done: *args* are the word for programs, and what to tell people."""


async def carry_out(parts: Parts, order: Order) -> None:
    """Do what *order* asks, and write down what came of it in the same commit."""
    try:
        if parts.clock.wall() - order.at > LATE_S:
            raise RefusedError("late", "")
        if order.verb == orders.CHECK:
            await _check(parts, order)
        elif order.verb == orders.RESTART:
            await _restart(parts, order)
        elif order.verb == orders.CLOSE:
            await _close(parts, order)
        else:
            raise RefusedError("unknown_verb", order.verb)
    except RefusedError as refused:
        answer, note = refused.args
        await parts.memory.commit(
            _answer(parts, order, orders.REFUSED, answer, note), urgent=False
        )


def _answer(
    parts: Parts,
    order: Order,
    state: str,
    answer: str,
    note: str = "",
    write: Callable[[Connection], int] | None = None,
) -> Callable[[Connection], int]:
    """Return the write of an answer, after *write*, in one transaction."""
    at = parts.clock.wall()
    said = f"{order.who}: {order.why}".rstrip(": ")
    told = f"{answer} {note}".rstrip()
    about = {"verb": order.verb, "subject": order.subject, "answer": told}
    level = "INFO" if state == orders.DONE else "WARNING"
    parts.texts.say(level, "order", said=said, **about)

    def inside(tx: Connection) -> int:
        queued = write(tx) if write is not None else 0
        answered(tx, order, state, answer, note, at)
        return queued

    return inside


async def _check(parts: Parts, order: Order) -> None:
    every = order.subject == _EVERY
    chosen = list(parts.targets.values()) if every else [_target(parts, order.subject)]
    for watched in chosen:
        parts.look_now(watched)
    note = str(len(chosen)) if every else ""
    await parts.memory.commit(
        _answer(parts, order, orders.DONE, "checked", note), urgent=False
    )


def _target(parts: Parts, name: str) -> Watched:
    watched = parts.targets.get(name)
    if watched is None:
        raise RefusedError("unknown_target", name)
    return watched


async def _met(parts: Parts, watched: Watched) -> None:
    """Wait until this run has looked at it: a restart shows in who it was before."""
    reactor = parts.reactor
    until = reactor.now() + watched.plan.timeout
    while not watched.seen and reactor.now() < until:
        await reactor.sleep_until(reactor.now() + _POLL)


def _believed(watched: Watched) -> Judgement:
    return judge(watched.seen) if watched.seen else Judgement(Verdict.UNKNOWN)


async def _restart(parts: Parts, order: Order) -> None:
    watched = _target(parts, order.subject)
    await _met(parts, watched)
    judgement, deeds = _believed(watched), parts.deeds
    if not watched.actions:
        raise RefusedError("no_action", watched.name)
    if deeds.busy(watched) or deeds.pending(watched):
        raise RefusedError("under_way", "")
    now = parts.clock.now()
    bar = bar_of(parts.gates, deeds, watched, judgement, now, by_hand=True)
    if bar is not None and (not order.force or _is_forbidden(bar)):
        note = bar.concerns[0].description if bar.concerns else ""
        raise RefusedError(bar.reason, note)
    said = f"{order.who}: {order.why}"
    policy = watched.policy
    step = by_hand.restart(
        watched.name, policy, watched.state, judgement.identity, now, said
    )
    used = f"{len(step.state.restarts)}/{policy.restart.intensity}"
    await _take(parts, watched, step, order, "asked", used)


def _is_forbidden(bar: Decision) -> bool:
    """Is it a redline that holds for everybody: Agent2 itself, a foreign program?"""
    return any(c.category == "redline" and c.level in _NEVER for c in bar.concerns)


async def _close(parts: Parts, order: Order) -> None:
    name = order.subject
    for watched in tuple(parts.targets.values()):
        state = watched.state
        if name in (state.incident, state.warning):
            break
    else:
        await _close_row(parts, order)
        return
    verdict = _believed(watched).verdict
    warned = name == state.warning and verdict is Verdict.DEGRADED
    if (verdict is Verdict.BAD or warned) and not order.force:
        raise RefusedError("failing", watched.name)
    pending = state.action is not None and parts.deeds.pending(watched)
    policy, now = watched.policy, parts.clock.now()
    said = f"{order.who}: {order.why}"
    facts = (watched.name, policy, state, name, now, said)
    step = by_hand.close(*facts, pending=pending)
    await _take(parts, watched, step, order, "closed", "")


async def _close_row(parts: Parts, order: Order) -> None:
    """Close what no target is concerned with any more: nobody else ever would."""
    found = await parts.memory.read(lambda db: incidents.get(db, order.subject))
    if found is None:
        raise RefusedError("unknown_incident", order.subject)
    if found.resolved_at is not None:
        raise RefusedError("closed_before", "")
    over = ResolveIncident(found.id, found.target, parts.clock.now())

    def inside(tx: Connection) -> int:
        incidents.resolve(tx, over)
        return 0

    write = _answer(parts, order, orders.DONE, "closed", "", inside)
    await parts.memory.commit(write, urgent=False)
    parts.telling.resolved(over)
    parts.publisher.publish(changed=True)


async def _take(
    parts: Parts, watched: Watched, step: Step, order: Order, answer: str, note: str
) -> None:
    """Commit *step* with the answer to *order*, then do it."""
    rows = parts.writer.rows(watched, step)
    watched.believed, watched.state = watched.state, step.state
    write = parts.writer.write(watched, step, rows)
    await commit(
        parts, watched, _answer(parts, order, orders.DONE, answer, note, write)
    )
    parts.deeds.begin(watched, step, rows)
    parts.deeds.act(watched, step, rows)
    parts.reactor.spawn(follow(parts, watched, step), "audit")
    watched.fragment = None
    parts.publisher.publish(changed=True)
