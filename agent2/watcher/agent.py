"""The watcher put together: its parts, what they ask of each other, how it begins.

``loop.py`` says when a target is looked at, ``cycle.py`` what happens then.
"""

from __future__ import annotations

import os

from agent2.core.alerting import Facts
from agent2.core.model import ActionResult, TargetState
from agent2.host.logfile import LEVELS
from agent2.store import actions, journal
from agent2.watcher.audit import acted, made_up, stands
from agent2.watcher.deaths import Deaths
from agent2.watcher.deeds import Deeds
from agent2.watcher.evidence import Evidence, lines, said
from agent2.watcher.executor import Writer
from agent2.watcher.fixes import Fixes, hide
from agent2.watcher.gates import Gates
from agent2.watcher.history import History
from agent2.watcher.leaving import orphan, say_goodbye
from agent2.watcher.leftover import left_over, still_true
from agent2.watcher.lifeboat import Lifeboat
from agent2.watcher.memory import Memory
from agent2.watcher.people import People
from agent2.watcher.publish import Publisher
from agent2.watcher.snapshot import Snapshot
from agent2.watcher.supervising import Supervising
from agent2.watcher.telling import Telling
from agent2.watcher.texts import Texts
from agent2.watcher.upkeep import Upkeep
from agent2.watcher.watched import above, made_of
from agent2.watcher.welcome import welcome
from agent2.wire.languages import words
from agent2.wire.trace_ids import ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from sqlite3 import Connection

    from agent2.host.clock import Clock
    from agent2.host.logfile import LogFile
    from agent2.host.reactor import Reactor
    from agent2.plan.values import Plan
    from agent2.watcher.leftover import LeftOver
    from agent2.watcher.watched import Watched
    from agent2.wire.edited import Edit

# Seconds after a new process of an ill target came at which it is looked at.
_SOON = (0.2, 0.6, 1.5, 3.0)


class Agent:
    """The running watcher of one state folder."""

    def __init__(
        self, reactor: Reactor, clock: Clock, log: LogFile, state_dir: str, plan: Plan
    ) -> None:
        """Start the store's thread; nothing is looked at yet."""
        self.reactor = reactor
        self.clock = clock
        self.log = log
        self.host = os.uname().nodename
        self.instance = ""
        self.targets: dict[str, Watched] = {}
        self.look_now: Callable[[Watched], object] = id  # the loop puts its own here
        self._restored = False
        self._gate: list[Callable[..., None]] = []
        self.fixes = Fixes()
        self.telling = Telling(
            reactor, clock, state_dir, self._memory, log, self._publish
        )
        self.memory = Memory(
            reactor, state_dir, clock.now(), self._texts, self.telling.courier.ensure
        )
        self.history = History(self.memory.save_after_all)
        self.events = Supervising(reactor, clock, state_dir, self._memory)
        self.gates = Gates(clock, state_dir, self._memory, self._texts, self._barred)
        self.people = People(self)
        self.snapshot = Snapshot(self, state_dir)
        self.publisher = Publisher(
            state_dir, reactor, self.snapshot.tree, self._adopt, self._status_failed
        )
        self.deaths = Deaths(reactor, self._all, self._died, self._came)
        parts = (reactor, clock, state_dir, self._texts, self.fixes, self.telling)
        self.deeds = Deeds(*parts, self.memory.save, self._publish_now)
        self.writer = Writer(self.facts, self.telling, clock, self.gates)
        self._keep_writing(state_dir)
        self.use(plan)

    def _keep_writing(self, state_dir: str) -> None:
        """Make the parts that look after the store, stand in for it, or add to it."""
        self._state_dir = state_dir
        parts = (self.reactor, self.clock, state_dir)
        self.evidence = Evidence(*parts, self._texts, self.memory.save)
        self.upkeep = Upkeep(*parts, self._memory, self._texts)
        self.memory.before = self.upkeep.give_way
        self.memory.lifeboat = Lifeboat(*parts, lambda: bool(self.telling.known()))

    def _incident_of(self, target: str) -> str:
        found = self.targets.get(target)
        return "" if found is None else found.incident

    def use(self, plan: Plan) -> None:
        """Take *plan*: keep what is remembered of targets that stay.

        Raises:
            RefusedError: a plugin of it cannot be made; the old plan stays whole.
        """
        fresh = made_of(plan, self._state_dir)
        self.plan = self.telling.plan = plan
        self.words = words(plan.language)
        self.log.level = LEVELS.get(plan.log.level, LEVELS["INFO"])
        self.log.json, self.log.json_path = plan.log.json, plan.log.json_path
        self.log.json_calm = plan.log.json_calm
        self.log.ids = ids
        self.log.max_bytes = plan.log.max_bytes
        self.log.backups = plan.log.backups
        many = len(plan.targets) > 1
        self.texts = Texts(self.log, self.words, self._incident_of, many=many)
        old, self.targets = self.targets, fresh
        self.gates.use(plan, fresh)
        self.events.plan = plan.events
        self.evidence.enabled = plan.evidence.get("enabled", True)
        self.upkeep.use(plan.store, polling=bool(plan.events.polling))
        for name in fresh.keys() & old.keys():
            fresh[name].inherit(old[name])
        if old:
            self._welcome(fresh.keys() - old.keys())
        for before in old.values():
            self.deaths.let_go(before)  # the next cycle holds it anew
            before.retire()
            if before.name not in fresh:
                self.reactor.spawn(say_goodbye(self, before), "goodbye")

    # -- begin

    async def restore(self) -> None:
        """Take up what an earlier run left; until then no cycle is judged.

        Raises:
            StoreError: of kind ``newer``; any other trouble is noted, and the watch
                goes on with an empty memory.
        """
        left = await self.memory.read(left_over)
        try:
            if left is not None:
                self._take_up(left)
        except Exception as error:  # nothing in a store may leave us blind
            self.memory.trouble("store", error)
        if self.memory.ledger.note:
            self.log("ERROR", self.memory.ledger.note)
        self._restored = True
        waiting, self._gate = self._gate, []
        for resume in waiting:
            resume()
        await self.telling.look()

    async def restored(self) -> None:
        """Wait until ``restore`` has taken up what was left."""
        if not self._restored:
            await self.reactor.wait(self._gate.append)

    def _take_up(self, left: LeftOver) -> None:
        now = self.clock.now()
        self.instance = left.instance
        self.gates.rows = left.gates
        self.people.restore(left.silences)
        for name, state in left.states.items():
            watched = self.targets.get(name)
            if watched is not None:
                watched.state = still_true(state, watched.plan, now)
            else:
                left_out = orphan(self, name, state)
                self.reactor.spawn(say_goodbye(self, left_out), "goodbye")
        for row in left.cut_off:
            sid = row.incident or ""
            self.texts.say("WARNING", "unknown_action", sid, target=row.target)
        self.fixes.restore(left.recent, left.total)
        self.telling.incidents = left.incidents
        cut_off, body = left.cut_off, {"pid": os.getpid()}
        states, shown = left.states, self.clock.wall()

        def inside(tx: Connection) -> None:
            for row in cut_off:
                actions.finish(tx, row.id, ActionResult.UNKNOWN, now)
                made_up(tx, row, shown)
                acted(tx, row.target, row.id, ActionResult.UNKNOWN, shown)
                stands(tx, row.target, states.get(row.target, TargetState()), shown)
            journal.append(tx, now, "agent.started", "", None, body)

        self.memory.save(inside)
        self._welcome(self.targets.keys() - states.keys())

    def _welcome(self, names: Iterable[str]) -> None:
        """Tell of targets that are watched from now on, a few at a time."""
        fresh = [self.targets[name] for name in sorted(names)]
        if fresh:
            self.reactor.spawn(welcome(self, fresh), "welcome")

    def heard(self, messages: list[str]) -> None:
        """Take datagrams of the wake socket: each is a hint to look, and no more."""
        rest = []
        for message in messages:
            if message.startswith("upkeep"):
                self.upkeep.heard(message.removeprefix("upkeep").strip())
            elif message not in {"gates", "events", "people"}:
                rest.append(message)
        if "gates" in messages:
            self.reactor.spawn(self.gates.look(), "gates")
        if "events" in messages:
            self.events.wake()
        if "people" in messages:
            self.people.look_soon()
        if rest:
            self.telling.heard(rest)

    # -- what the parts ask for

    def _all(self) -> Iterable[Watched]:
        return self.targets.values()

    def _memory(self) -> Memory:
        return self.memory

    def _texts(self) -> Texts:
        return self.texts

    def _publish(self) -> None:
        self.publisher.publish()

    def _publish_now(self) -> None:
        self.publisher.publish(changed=True)

    def _died(self, watched: Watched, pid: int, cause: str) -> None:
        watched.died = True
        watched.death = (pid, cause)
        name = watched.name

        def say() -> None:
            self.texts.say("WARNING", "died", target=name, pid=pid, cause=cause)

        if watched.running:  # a cycle that may wait for its deadline yet
            self.reactor.call_soon(say)
        else:
            watched.unsaid = say
        self.look_now(watched)

    def _came(self, watched: Watched) -> None:
        """A restarted target is looked at soon: its recovery need not wait for a tick.

        Only while it settles, when a failure is not counted.
        """

        def look() -> None:
            state = watched.state
            if state.incident is not None and self.clock.now() < state.hold_until:
                self.look_now(watched)

        if watched.state.incident is not None:
            for wait in _SOON:
                self.reactor.call_at(self.reactor.now() + wait, look)

    def _barred(self, watched: Watched) -> None:
        """A gate of it was closed or opened: act on that now, and show it."""
        watched.fragment = None
        if watched.state.incident is not None:
            self.look_now(watched)
        self._publish_now()

    def _adopt(self, edit: Edit) -> None:
        ours = edit.started_at == self.clock.stamp(self.snapshot.started_at)
        seq = 0 if edit.seq is not None and not ours else edit.seq
        gone = self.fixes.keep_only(edit.ids, seq)
        self.texts.say("INFO", "adopted")
        if gone:
            self.memory.save(hide(gone))

    def _status_failed(self, error: Exception | None) -> None:
        self.memory.trouble("status", error)

    def facts(self, watched: Watched) -> Facts:
        """Return what every alert of *watched* says besides its incident."""
        return Facts(
            self.words,
            self.plan.language,
            self.clock.stamp,
            self.host,
            self.instance,
            self.publisher.path,
            watched.title,
            watched.port,
            watched.plan.labels,
            many=len(self.targets) > 1 or watched.name not in self.targets,
            evidence=said(watched),
            log=lines(watched),
            above=above(watched, self.targets) if watched.plan.depends_on else (),
        )
