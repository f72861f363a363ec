"""The watcher put together: targets, store, courier, status; one cycle end to end.

    tick or death -> look -> judge -> advance -> commit -> act -> publish

``loop.py`` says when, this file says what happens then.
"""

from __future__ import annotations

import os
import socket

from agent2.core import alerting
from agent2.core.alerting import Facts
from agent2.core.health import advance
from agent2.core.judgement import judge
from agent2.core.model import ActionResult, Health, Judgement, Verdict
from agent2.host.clock import Clock
from agent2.store import actions, incidents, journal, outbox
from agent2.store.errors import StoreError
from agent2.watcher.courier_child import CourierChild
from agent2.watcher.cycle import look, stood_still
from agent2.watcher.deaths import Deaths
from agent2.watcher.deeds import Deeds
from agent2.watcher.executor import Writer
from agent2.watcher.fixes import Fixes, hide
from agent2.watcher.history import History
from agent2.watcher.ledger import Ledger
from agent2.watcher.leftover import left_over, still_true
from agent2.watcher.publish import Publisher
from agent2.watcher.snapshot import Snapshot
from agent2.watcher.texts import Texts
from agent2.watcher.watched import Watched
from agent2.wire.languages import words

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from sqlite3 import Connection
    from typing import Any

    from agent2.core.message import Alert
    from agent2.host.logfile import LogFile
    from agent2.host.reactor import Reactor
    from agent2.plan import Plan
    from agent2.watcher.leftover import LeftOver

_BACKLOG = 1000
_SAVED = (
    "health",
    "failures",
    "degraded",
    "slow_count",
    "incident",
    "warning",
    "restarts",
    "attempts",
    "action",
    "withheld",
    "exhausted_at",
    "told",
    "reminded",
    "flap",
)


class Agent:
    """The running watcher of one state folder."""

    def __init__(
        self, reactor: Reactor, clock: Clock, log: LogFile, state_dir: str, plan: Plan
    ) -> None:
        """Start the store's thread; nothing is looked at yet."""
        self.reactor = reactor
        self.clock = clock
        self.log = log
        self.state_dir = state_dir
        self.host = socket.gethostname()
        self.instance = ""
        self.restored = False
        self.targets: dict[str, Watched] = {}
        self.fixes = Fixes()
        self.snapshot = Snapshot(self)
        self.ledger = Ledger(reactor, os.path.join(state_dir, "agent2.db"), clock.now())
        self.history = History(self.save)
        self.publisher = Publisher(
            state_dir, reactor, self.snapshot.tree, self._adopt, self._status_failed
        )
        self.deaths = Deaths(reactor, self._all, self._died)
        self.courier = CourierChild(reactor, state_dir, self._courier_left, log)
        self.writer = Writer(self._facts, self._routes, self._notifiers, clock.wall)
        self.deeds = Deeds(
            reactor, clock, state_dir, lambda: self.texts, self.fixes, self.save
        )
        self._gate: list[Callable[..., None]] = []
        self._backlog: list[Callable[[Connection], Any]] = []
        self._bad: dict[str, str] = {}
        self.on_death: Callable[[Watched], object] = id
        self.use(plan)

    # -- the plan

    def use(self, plan: Plan) -> None:
        """Take *plan*: keep what is remembered of targets that stay."""
        self.plan = plan
        self.words = words(plan.language)
        self.log.level = _LEVELS.get(plan.log.level, 20)
        self.log.json = plan.log.json
        self.log.max_bytes = plan.log.max_bytes
        self.log.backups = plan.log.backups
        self.texts = Texts(self.log, self.words, many=len(plan.targets) > 1)
        old = self.targets
        self.targets = {}
        for target in plan.targets:
            watched = Watched(target)
            before = old.pop(target.name, None)
            if before is not None:
                self.deaths.let_go(before)  # the next cycle holds it anew
                watched.inherit(before)
            self.targets[target.name] = watched
        for gone in old.values():
            self.deaths.let_go(gone)
            gone.retire()

    def _all(self) -> Iterable[Watched]:
        return self.targets.values()

    # -- one cycle

    async def cycle(self, watched: Watched, deadline: float) -> None:
        """Look at *watched* once, decide, commit, act, publish."""
        died, watched.died = watched.died, False
        self.clock.asleep()
        seen = await look(watched, self.reactor, self.clock, deadline)
        gap = stood_still(self.reactor.now(), deadline, self.clock.asleep())
        if not self.restored:
            await self.reactor.wait(self._gate.append)
        if watched.retired:
            return
        watched.seen = seen
        watched.last_check = now = self.clock.now()
        judgement = gap or judge(seen)
        await self._settle(watched, judgement, now, died=died)
        self.texts.cycle(watched, judgement)
        self.deaths.follow(watched)
        self.history.note(watched.name, now, judgement)
        watched.fragment = None
        self.publisher.publish(changed=watched.shown != self.snapshot.word(watched))
        watched.shown = self.snapshot.word(watched)

    async def _settle(
        self, watched: Watched, judgement: Judgement, now: float, *, died: bool
    ) -> None:
        old = watched.state
        good = judgement.verdict in {Verdict.GOOD, Verdict.DEGRADED}
        asked = old.action is not None or old.incident is not None
        fresh = good and old.health is not Health.HEALTHY
        pending = (asked or fresh) and self.deeds.pending(watched)
        plan = watched.plan
        step = advance(
            plan.name, plan.policy, old, judgement, now, died=died, pending=pending
        )
        rows = self.writer.rows(watched, step)
        watched.state = step.state  # before the wait: a reload takes over what is known
        if step.effects or _differs(old, step.state):
            await self._commit(self.writer.write(watched, step, rows))
        if pending and fresh and old.action is None:
            self.deeds.withdraw(watched)  # an earlier run's order, now pointless
        self.deeds.act(watched, step, rows)

    async def _commit(self, write: Callable[[Connection], int]) -> None:
        """Commit, together with what could not be written before."""
        waiting = [*self._backlog, write]

        def together(tx: Connection) -> int:
            return sum(one(tx) or 0 for one in waiting)

        try:
            queued = await self.ledger.write(together)
        except StoreError as error:
            self._backlog = waiting[-_BACKLOG:]
            self.trouble("store", str(error))
            return
        self._backlog = []
        self.trouble("store", "")
        if queued:
            self.courier.ensure()

    def save(self, write: Callable[[Connection], Any]) -> None:
        """Queue a write and go on."""

        async def later() -> None:
            await self._commit(lambda tx: write(tx) and 0)

        self.reactor.spawn(later(), "save")

    # -- what comes from elsewhere

    async def restore(self) -> None:
        """Take up what an earlier run left: states, fixes, cut-off actions.

        Raises:
            StoreError: of kind ``newer``; any other trouble is noted, and the watch
                goes on with an empty memory.
        """
        try:
            self._take_up(await self.ledger.read(left_over))
        except StoreError as error:
            if error.kind == "newer":
                raise
            self.trouble("store", str(error))
        if self.ledger.note:
            self.log("ERROR", self.ledger.note)
        self.restored = True
        waiting, self._gate = self._gate, []
        for resume in waiting:
            resume()
        await self.look_at_outbox()

    def _take_up(self, left: LeftOver) -> None:
        now = self.clock.now()
        self.instance = left.instance
        for name, state in left.states.items():
            watched = self.targets.get(name)
            if watched is not None:
                watched.state = still_true(state, watched.plan, now)
        for row in left.cut_off:
            self.texts.say("WARNING", "unknown_action", target=row.target)
        self.fixes.restore(left.recent, left.total)
        self.snapshot.incidents = left.incidents
        body = {"pid": os.getpid()}
        cut_off = left.cut_off

        def inside(tx: Connection) -> None:
            for row in cut_off:
                actions.finish(tx, row.id, ActionResult.UNKNOWN, now)
            journal.append(tx, now, "agent.started", "", None, body)

        self.save(inside)

    async def look_at_outbox(self) -> None:
        """Refresh what the status says of notifiers; start the courier when due."""
        try:
            counts, due, opened = await self.ledger.read(_outbox)
        except StoreError as error:
            self.trouble("store", str(error))
            return
        self.snapshot.counts, self.snapshot.incidents = counts, opened
        if due is not None:
            wait = max(due - self.clock.wall(), 0.0)
            self.courier.at(self.reactor.now() + min(wait, 60.0))
        self.publisher.publish()

    def heard(self, messages: list[str]) -> None:
        """Take datagrams of the wake socket: a wake-up, or the courier's log line."""
        for message in messages:
            kind, _, rest = message.partition(" ")
            if kind == "log":
                level, _, text = rest.partition(" ")
                self.log(level if level in _LEVELS else "INFO", text)
        self.reactor.spawn(self.look_at_outbox(), "outbox")

    def _courier_left(self) -> None:
        self.reactor.spawn(self.look_at_outbox(), "outbox")

    def _died(self, watched: Watched, pid: int, cause: str) -> None:
        self.texts.say("WARNING", "died", target=watched.name, pid=pid, cause=cause)
        watched.died = True
        self.on_death(watched)

    def _adopt(self, ids: set[str]) -> None:
        gone = self.fixes.keep_only(ids)
        self.texts.say("INFO", "adopted")
        if gone:
            self.save(hide(gone))

    # -- facts for others

    def _facts(self, watched: Watched) -> Facts:
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
        )

    def _notifiers(self) -> tuple[str, ...]:
        return tuple(n.name for n in self.plan.notifiers)

    def _routes(self, alert: Alert, watched: Watched) -> tuple[str, ...]:
        pairs = ((r.match, r.notifiers) for r in self.plan.routes)
        return alerting.routed(alert, pairs, self._notifiers(), watched.plan.labels)

    def trouble(self, what: str, detail: str) -> None:
        """Note our own trouble, said when it begins, changes and ends."""
        if self._bad.get(what, "") == detail:
            return
        self._bad[what] = detail
        if detail:
            self.texts.say("ERROR", f"{what}_bad", detail=detail)
        elif what == "store":
            self.texts.say("INFO", "store_good")

    def troubles(self) -> dict[str, str]:
        """Return our own open troubles: what -> detail."""
        return {what: detail for what, detail in self._bad.items() if detail}

    def _status_failed(self, error: OSError | None) -> None:
        self.trouble("status", "" if error is None else str(error.strerror or error))


_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


def _outbox(db: Any) -> tuple[Any, float | None, Any]:
    return outbox.counts(db), outbox.next_due(db), incidents.open_ones(db)


def _differs(old: Any, new: Any) -> bool:
    """Is there anything new that must survive a crash? Healthy cycles have nothing."""
    return any(getattr(old, name) != getattr(new, name) for name in _SAVED)
