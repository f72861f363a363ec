"""The supervisor's rounds: plan, sources, inbox, levels, each when it is due."""

from __future__ import annotations

import os
import time

from agent2.host.wake import wake
from agent2.plan.events import EventsPlan
from agent2.plan.watch import PlanWatch
from agent2.store import inbox, turns
from agent2.store.errors import StoreError
from agent2.store.totals import audited, unwritten
from agent2.supervisor.metrics import Watch
from agent2.supervisor.polling import Poller
from agent2.supervisor.processor import Processor
from agent2.supervisor.telling import Telling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.plan.values import Plan
    from agent2.store.database import Database
    from agent2.store.inbox import Backlog

OWNER = "supervisor"
_LEVELS_S = 1.0
_COUNT_S = 600.0
_TROUBLE_S = 1.0
_SHORTEST = 0.05  # between two looks at what another processor holds
_NEVER = float("inf")


class Rounds:
    """What the supervisor does; its loop says when."""

    def __init__(
        self,
        db: Database,
        state_dir: str,
        now: Callable[[], float],
        log: Callable[[str, str], object],
        configured: Callable[[str], object],
        stop: Callable[[], bool],
    ) -> None:
        """*configured* is told the level of the log; *now* is the steady clock."""
        self._db = db
        self._state_dir = state_dir
        self._plan_file = PlanWatch(state_dir)
        self._now = now
        self._log = log
        self._configured = configured
        self._stop = stop
        self._telling = Telling(db, state_dir, now)
        self._watch = Watch(self._telling.told())
        self._plan = EventsPlan()
        self._processor: Processor | None = None
        self._poller = Poller(db, (), now, log)
        self._poll_at = 0.0  # these are monotonic seconds
        self._levels_at = 0.0
        self._count_at = 0.0
        self._completed = 0
        self._sick_until = 0.0
        self._trouble = ""

    @property
    def resident(self) -> bool:
        """Must it stay, though nothing is to be judged?"""
        return self._plan.resident or bool(self._plan.polling)

    def begin(self) -> None:
        """Read the plan; take back what a killed predecessor held.

        Raises:
            PlanError, StoreError: what cannot be read.
        """
        self._use(self._plan_file.read())
        turns.give_back(self._db, OWNER + " ", self._now())
        self._recover()

    def work(self) -> bool:
        """Do what is due; return whether more may be due at once."""
        mono = time.monotonic()
        if mono < self._sick_until:
            return False
        try:
            if mono >= self._poll_at:
                self._poll_at = mono + self._plan.poll_interval
                self._refresh()
                self._recover()
                if self._plan.enabled:
                    self._poller.look()
            done = self._process()
            if mono >= self._levels_at:
                self._levels_at = mono + _LEVELS_S
                self._grade()
        except StoreError as error:
            self._sick_until = mono + _TROUBLE_S
            if error.kind != self._trouble:
                self._trouble = error.kind
                self._log("ERROR", str(error))
            return False
        self._trouble = ""
        return done > 0

    def patience(self) -> float:
        """Return after how many seconds something is due; infinity: nothing is."""
        mono = time.monotonic()
        if mono < self._sick_until:
            return self._sick_until - mono
        waits = [self._poll_at - mono] if self.resident else [_NEVER]
        if not self._watch.settled:
            waits.append(self._levels_at - mono)
        try:
            due = turns.next_due(self._db) if self._plan.enabled else None
        except StoreError:
            due = 0.0
        if due is not None:
            waits += [due - self._now(), self._levels_at - mono]
            # Due, and yet not taken: another processor holds its subject.
            return max(min(waits), _SHORTEST)
        return max(min(waits), 0.0)

    def _recover(self) -> None:
        try:
            inbox.recover(self._db, self._now())
        except StoreError:
            unwritten(self._db, "expired_running", "event")
            raise

    def close(self) -> None:
        """End what it began."""
        if self._processor is not None:
            self._processor.close()

    def _process(self) -> int:
        if self._processor is None or not self._plan.enabled:
            return 0
        before = self._processor.books.gates_put
        done = self._processor.process_pending_events()
        if self._processor.books.gates_put > before:
            wake(self._state_dir, "gates")  # the watcher holds them in memory
        return done

    def _grade(self) -> None:
        found = self._counted()
        changes = self._watch.changes(found)
        if not changes:
            return
        self._telling.tell(changes, found)
        self._watch.accept()
        for each in changes:
            self._log(*each.line)

    def _counted(self) -> Backlog:
        """Count; those that are done anew now and then: there may be millions."""
        done = self._processor.books.processed if self._processor else 0
        mono = time.monotonic()
        if mono >= self._count_at:
            self._count_at = mono + _COUNT_S
            found = inbox.counts(self._db, self._now())
            self._completed = found.completed - done
            return found
        return inbox.counts(self._db, self._now(), self._completed + done)

    def _refresh(self) -> None:
        """Use the plan that was compiled since the last look, if one was."""
        plan = self._plan_file.news()
        if plan is not None:
            self._use(plan)

    def _use(self, plan: Plan) -> None:
        self._configured(plan.log.level)
        self._telling.plan = plan
        audited.use(plan.observability, self._log)
        if self._processor is not None:
            if plan.events == self._plan:
                return
            self._processor.close()
        self._plan = plan.events
        self._poller = Poller(self._db, plan.events.polling, self._now, self._log)
        self._processor = Processor(
            self._db,
            now=self._now,
            log=self._log,
            plan=plan.events,
            owner=f"{OWNER} {os.getpid()}",
            stop=self._stop,
        )
