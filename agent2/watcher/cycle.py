"""One cycle of one target, end to end. Read this after ``core/health.py``.

    tick or death -> look -> judge -> advance -> commit -> act -> publish

A death is judged by the process alone: the kernel has said the worst already, and
the other checks might wait for a deadline (a child may still hold the port open).
They are asked after the deed, for the picture.
"""

from __future__ import annotations

from agent2.core.effects import RequestRestart
from agent2.core.health import advance
from agent2.core.judgement import judge
from agent2.core.model import Health, Outcome, Verdict
from agent2.core.value import replace
from agent2.host.logfile import LEVELS
from agent2.watcher.look import look, stood_still
from agent2.watcher.memory import must_be_saved
from agent2.watcher.watched import is_held

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Protocol

    from agent2.core.effects import Step
    from agent2.core.model import Judgement, Observation, TargetState
    from agent2.core.policies import Decision
    from agent2.host.clock import Clock
    from agent2.host.logfile import LogFile
    from agent2.host.reactor import Reactor
    from agent2.watcher.deaths import Deaths
    from agent2.watcher.deeds import Deeds
    from agent2.watcher.evidence import Evidence
    from agent2.watcher.executor import Writer
    from agent2.watcher.gates import Gates
    from agent2.watcher.history import History
    from agent2.watcher.memory import Memory
    from agent2.watcher.outstanding import Outstanding
    from agent2.watcher.people import People
    from agent2.watcher.publish import Publisher
    from agent2.watcher.snapshot import Snapshot
    from agent2.watcher.supervising import Supervising
    from agent2.watcher.texts import Texts
    from agent2.watcher.watched import Watched

    Write = Callable[[Connection], int]

    class Parts(Protocol):
        """What of the agent is needed here."""

        reactor: Reactor
        clock: Clock
        targets: dict[str, Watched]
        deaths: Deaths
        deeds: Deeds
        events: Supervising
        evidence: Evidence
        gates: Gates
        history: History
        log: LogFile
        memory: Memory
        people: People
        publisher: Publisher
        snapshot: Snapshot
        texts: Texts
        writer: Writer

        async def restored(self) -> None:
            """Wait until it is known what an earlier run left."""


async def cycle(parts: Parts, watched: Watched, deadline: float) -> None:
    """Look at *watched* once until *deadline* (reactor time), and do what follows."""
    reactor, clock = parts.reactor, parts.clock
    died, watched.died = watched.died, False
    if parts.log.level <= LEVELS["DEBUG"]:
        parts.texts.begin(watched)
    clock.asleep()
    restarting, before = parts.deeds.busy(watched), watched.state.health
    asked = watched.processes if died else watched.checks
    seen = await look(asked, reactor, clock, deadline)
    rest = watched.others if died else ()
    if rest and not _is_dead(seen):  # a successor is there already
        seen += await look(rest, reactor, clock, deadline)
        rest = ()
    gap = stood_still(reactor.now(), deadline, clock.asleep())
    await parts.restored()
    if watched.retired:
        return
    watched.seen = seen
    parts.deaths.follow(watched)
    watched.last_check = now = clock.now()
    judgement = gap or judge(seen)
    died = died or parts.deaths.told(watched, judgement)
    judgement = watched.why_it_died(judgement)
    if restarting:  # who it is was asked before the deed; a successor may have answered
        judgement = replace(judgement, identity=None)
    await _settle(parts, watched, judgement, now, died=died)
    parts.evidence.note(watched, watched.state)
    tally = parts.history.tally
    tally.cycle(deadline - watched.plan.timeout - watched.due)
    tally.note(watched.name, seen, before, watched.state.health)
    parts.history.note(watched.name, now, judgement)
    _show(parts, watched)
    if rest:
        later = await look(rest, reactor, clock, deadline)
        tally.note(watched.name, later, before, watched.state.health)
        seen += later
        if not watched.retired:
            by_name = {one.check: one for one in seen}
            watched.seen = tuple(by_name[name] for name, _ in watched.checks)
            _show(parts, watched)


async def _settle(
    parts: Parts, watched: Watched, judgement: Judgement, now: float, *, died: bool
) -> None:
    """Decide, commit, act."""
    old, plan, deeds = watched.state, watched.plan, parts.deeds
    good = judgement.verdict in {Verdict.GOOD, Verdict.DEGRADED}
    fresh = good and (old.health is not Health.HEALTHY or not watched.met)
    watched.met = watched.met or good
    asked = old.action is not None or old.incident is not None
    # A command that runs on is an order too, but none that can be taken back.
    busy = not good and deeds.busy(watched)
    pending = ((asked or fresh) and deeds.pending(watched)) or busy
    bar = None
    if not good and not busy:
        bar = bar_of(parts.gates, deeds, watched, judgement, now, pending=pending)
    step = advance(
        plan.name,
        watched.policy,
        old,
        judgement,
        now,
        died=died,
        pending=pending,
        held=bool(plan.depends_on) and is_held(watched, parts.targets),
        bar=bar,
        quiet=parts.people.quiet(watched),
    )
    rows = parts.writer.rows(watched, step)
    if parts.gates.interactive and RequestRestart in map(type, step.effects):
        parts.gates.spend(watched.name)
    watched.believed = old
    watched.state = step.state  # before the wait: a reload takes over what is known
    if step.effects or must_be_saved(old, step.state):
        write = parts.writer.write(watched, step, rows)
        await commit(parts, watched, deeds.meanwhile(watched, step, write))
    deeds.begin(watched, step, rows)
    parts.texts.cycle(watched, judgement)
    if pending and old.action is None and (fresh or bar is not None):
        deeds.withdraw(watched)  # an earlier run's order, pointless or barred now
    deeds.act(watched, step, rows)
    _after(parts, watched, judgement, old, step, now)


def bar_of(
    gates: Gates,
    deeds: Outstanding,
    watched: Watched,
    judgement: Judgement,
    now: float,
    *,
    pending: bool = False,
    by_hand: bool = False,
) -> Decision | None:
    """Return why *watched* may not be restarted now: a gate, or it is not its turn.

    *by_hand*: a person asks, so that no other has to approve.
    """
    bar = gates.bar(watched, judgement, pending=pending or by_hand)
    if bar is None and watched.group is not None:
        bar = watched.group.bar(watched, now, deeds, pending=pending)
    return bar or watched.rehearsed()


def _after(
    parts: Parts,
    watched: Watched,
    judgement: Judgement,
    old: TargetState,
    step: Step,
    now: float,
) -> None:
    """Have written down what nobody waits for."""
    calm = not step.effects and judgement.verdict is Verdict.GOOD
    if parts.log.json and (parts.log.json_calm or not calm):
        from agent2.watcher import records  # who does not want them does not pay

        stored = parts.clock.now()
        since = stored - parts.reactor.now()
        times = (watched.due + since, watched.began + since, stored)
        records.note(parts.log, parts.clock, watched, judgement, old, step, now, times)
    if step.effects:
        parts.reactor.spawn(follow(parts, watched, step), "audit")


async def commit(parts: Parts, watched: Watched, write: Write) -> None:
    """Write a step down; until that is done nothing of it is shown."""
    watched.committing = True
    try:
        await parts.memory.commit(write)
    finally:
        watched.committing = False


async def follow(parts: Parts, watched: Watched, step: Step) -> None:
    """Write down what nobody waits for; have the supervisor judge what it is to."""
    await parts.memory.commit(parts.writer.after(watched, step))
    if parts.gates.pass_on:
        parts.events.wake()
    if parts.gates.interactive:
        await parts.gates.look()


def _is_dead(seen: tuple[Observation, ...]) -> bool:
    return any(one.finding.outcome is Outcome.FAIL for one in seen)


def _show(parts: Parts, watched: Watched) -> None:
    watched.fragment = None
    changed = watched.shown != parts.snapshot.word(watched)
    parts.publisher.publish(changed=changed)
