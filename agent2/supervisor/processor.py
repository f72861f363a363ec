"""The straight line of an event: claim, judge, write down, all of a batch at once.

    claim (one transaction) -> judge each -> audit, effects, mark (one transaction)

A kill between the two leaves events that are claimed and undecided: they are taken
again when their lease ends, and only then is anything of them written.
"""

from __future__ import annotations

import os
import time

from agent2.core.value import replace
from agent2.plan.events import EventsPlan
from agent2.store import inbox
from agent2.store.errors import StoreError
from agent2.supervisor import effects, phrases
from agent2.supervisor.books import Books
from agent2.supervisor.effects import Outcome
from agent2.supervisor.judging import Judge, Standings
from agent2.supervisor.policies import router_of
from agent2.supervisor.worker import Interrupted, PolicyError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent2.core.events import Gate
    from agent2.core.routing import Router
    from agent2.core.standing import Standing
    from agent2.store.database import Database
    from agent2.store.inbox import Claimed


def _quiet(_level: str, _text: str) -> None:
    """Log nothing."""


class Processor:
    """Judges what waits in the inbox. Times are epoch seconds.

    Attributes:
        books: What it owes the store and has written, counted.
    """

    def __init__(
        self,
        db: Database,
        router: Router | None = None,
        standing: Callable[[str], Standing] | None = None,
        now: Callable[[], float] = time.time,
        log: Callable[[str, str], object] = _quiet,
        *,
        plan: EventsPlan | None = None,
        batch: int | None = None,
        owner: str = "",
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        """*plan* gives what is not given; *stop* is asked between two events."""
        plan = plan or EventsPlan()
        self.batch = batch or plan.batch_size
        self._plan = plan
        self._db = db
        self._now = now
        self._log = log
        self._stop = stop
        self._owner = owner or f"processor {os.getpid()}"
        self.books = Books(db, plan.max_retries, now, log)
        self._standing = standing or Standings(db, plan, now)
        self.judge = Judge(
            router or router_of(plan, log), plan.policy_timeout, time.monotonic, stop
        )

    def process_pending_events(self) -> int:
        """Judge one batch of due events; return how many were decided or failed.

        Raises:
            StoreError: the store cannot be read or written; nothing is lost: what
                was decided is written down by the next call.
        """
        self.books.settle()
        buried = self.books.bury()
        claimed = inbox.claim(
            self._db, self._owner, self._now(), self.batch, self._plan.lease
        )
        if not claimed:
            return buried
        self._log("INFO", phrases.PENDING.format(count=len(claimed)))
        try:
            self.books.owed = list(self._judged(claimed))
        except StoreError as error:
            self.books.say_stuck(claimed, error)
            self._try_to_give_back(claimed)
            raise
        done = self.books.settle()
        told = phrases.PROCESSED.format(done=done[0], count=len(claimed))
        self._log("INFO", told)
        return sum(done) + buried

    def close(self) -> None:
        """End the processes of policies; the store stays open."""
        self.judge.close()

    def _judged(self, claimed: list[Claimed]) -> Iterator[Outcome]:
        """Yield what becomes of each; what there is no time for is given back."""
        until = time.monotonic() + self._plan.lease / 2.0
        hung: set[int] = set()
        put: dict[str, list[Gate]] = {}
        for number, each in enumerate(claimed):
            if self._stop() or time.monotonic() >= until:
                self._give_back(claimed[number:])
                return
            try:
                yield self._outcome(each, hung, put)
            except Interrupted:
                self._give_back(claimed[number:])
                return

    def _outcome(
        self, claimed: Claimed, hung: set[int], put: dict[str, list[Gate]]
    ) -> Outcome:
        event = claimed.event
        names = {"type": event.type, "subject": event.subject}
        self._log("INFO", phrases.EVENT.format(**names))
        standing = self._standing(event.subject)
        if fresh := put.get(event.subject):
            # What this batch decided before is not yet in the store.
            standing = replace(standing, gates=_over(standing.gates, fresh))
        try:
            decision = self.judge.judge(event, standing, hung)
        except PolicyError as error:
            if error.tried:
                self._log("ERROR", phrases.POLICY.format(why=error, **names))
            return Outcome(claimed, why=str(error), tried=error.tried)
        if decision is None:
            return Outcome(claimed)
        told = {"ruling": decision.ruling.value, "findings": len(decision.concerns)}
        self._log("INFO", phrases.DECISION.format(**told, **names))
        gate = effects.gate_of(event, decision, standing)
        if gate is not None:
            put.setdefault(event.subject, []).append(gate)
        return Outcome(claimed, decision, gate, took_s=self.judge.took)

    def _give_back(self, claimed: list[Claimed]) -> None:
        with self._db.transaction() as tx:
            for each in claimed:
                inbox.release(tx, each)

    def _try_to_give_back(self, claimed: list[Claimed]) -> None:
        try:
            self._give_back(claimed)
        except StoreError:
            return  # their leases end by themselves


def _over(old: tuple[Gate, ...], new: list[Gate]) -> tuple[Gate, ...]:
    gates = {(each.subject, each.name): each for each in (*old, *new)}
    return tuple(gates.values())
