"""The courier's desk: what the outbox gives out, and what an answer means for it."""

from __future__ import annotations

import time

from agent2.core import delivery as rules
from agent2.core.message import Cause, Delivery, DeliveryState, Receipt
from agent2.core.value import replace
from agent2.courier import frames
from agent2.courier.voice import KIND, Voice, lost
from agent2.host.wake import wake, wake_supervisor
from agent2.plan.events import is_asked_elsewhere
from agent2.store import outbox
from agent2.store.errors import StoreError
from agent2.store.totals import audited, unwritten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from agent2.plan.values import Plan
    from agent2.store.database import Database

LEASE_S = 15.0  # renewed while a send goes on
_LONGEST_REST = 3600.0
_RETRY = rules.Retry()
_CAUSES = {cause.value: cause for cause in Cause}


class Desk:
    """Takes deliveries from the outbox and puts away how they went.

    What cannot be stored (a full disk) is kept and stored later: what was sent is
    not sent again because of it.
    """

    def __init__(
        self, db: Database, state_dir: str, owner: str, now: Callable[[], float]
    ) -> None:
        """*now* is the steady clock."""
        self.db = db
        self.now = now
        self._state_dir = state_dir
        self._owner = owner
        self._voice = Voice(state_dir)
        self._pass_on = False
        self.news = False  # something was queued here: others have work
        self._unstored: list[Callable[[], object]] = []
        # By number: leases that are not written yet, and what became of each attempt.
        self._borrowed: dict[int, tuple[Delivery, Callable[[], object]] | None] = {}

    def configure(self, plan: Plan) -> None:
        """Take the notifiers and the language of *plan*."""
        self._voice.configure(plan)
        audited.use(plan.observability, self._voice.log)
        self._pass_on = is_asked_elsewhere(plan.events, KIND)

    def begin(self) -> None:
        """Take over what a killed courier was sending; remember what was said last."""
        try:
            outbox.take_over(self.db, self.now())
        except StoreError:
            unwritten(self.db, "expired_running", "delivery")
            raise
        for name, count in outbox.counts(self.db).items():
            error, success = count.last_error, count.last_success_at
            if error is not None and (success is None or success < error[2]):
                self._voice.fails[name] = error[0]

    def lease(self, name: str) -> Delivery | None:
        """Take the next due delivery of the notifier *name*.

        An alert beats a record: where no lease can be written, our lock stands for it.
        """
        if not self.settle():
            return self._borrow(name)
        try:
            found = outbox.lease(
                self.db,
                owner=self._owner,
                now=self.now(),
                lease_s=LEASE_S,
                notifiers=(name,),
            )
        except StoreError as error:
            self._voice.stuck(error)
            return self._borrow(name)
        return found[0] if found else None

    def _borrow(self, name: str) -> Delivery | None:
        now, without = self.now(), self._borrowed
        for seq, tried in without.items():
            if tried is not None and tried[0].notifier == name:
                after, mark = tried
                if after.next_at <= now and mark in self._unstored:
                    self._unstored.remove(mark)  # what comes of this one stands for it
                    without[seq] = None
                    return rules.again(after)
        try:
            found = outbox.borrow(self.db, now=now, notifier=name, without=without)
        except StoreError:
            return None
        if found is not None:
            without[found.seq] = None
            self._unstored.append(lambda: self._confirm(found))
        return found

    def _confirm(self, held: Delivery) -> None:
        now, owner = self.now(), self._owner
        outbox.confirm(self.db, held, owner=owner, now=now, lease_s=LEASE_S)
        self._borrowed.pop(held.seq, None)

    def renew(self, held: Delivery) -> bool:
        """Hold a lease for longer; False: it was lost."""
        if not self.settle():
            return True  # nobody else can write either
        try:
            return outbox.renew(self.db, held, self.now() + LEASE_S)
        except StoreError:
            unwritten(self.db, "heartbeat", "delivery")
            return True

    def give_back(self, held: Delivery) -> None:
        """End a lease without an attempt."""
        try:
            outbox.release(self.db, held, held.next_at)
        except StoreError as error:
            unwritten(self.db, "claimed_update", "delivery")
            self._voice.stuck(error)

    def overtaken(self, held: Delivery, *, deduplicates: bool) -> bool:
        """Put away what need not be sent any more; was *held* among it?"""
        try:
            group = outbox.pending_group(self.db, held.notifier, held.alert.incident)
            # The lease has counted this attempt already, and it was not made.
            before = tuple(
                replace(each, attempts=each.attempts - 1)
                if each.id == held.id and held.seq not in self._borrowed
                else each
                for each in group
            )
            gone = [
                each.id for each in rules.supersedes(before, deduplicates=deduplicates)
            ]
            if gone:
                why = "the recovery was queued before this was sent"
                outbox.superseded(self.db, gone, why, self.now(), holding=held)
        except StoreError as error:
            self._voice.stuck(error)
            return False
        return held.id in gone

    def answered(self, held: Delivery, said: Mapping[str, Any]) -> None:
        """Store a lane's answer: delivered, or failed with its cause."""
        if said.get("ok") is True:
            refused = tuple(str(each) for each in said.get("refused", ()))
            receipt = Receipt(
                str(said.get("detail", "")), str(said.get("remote_id", "")), refused
            )
            self._store(lambda: self._delivered(held, receipt))
            return
        cause = _CAUSES.get(str(said.get("cause")), Cause.CRASHED)
        detail = str(said.get("detail") or "the sender ended without an answer")
        asked = frames.seconds(said.get("retry_after"), None, _LONGEST_REST)
        self.failed(held, cause, detail, asked)

    def failed(
        self, held: Delivery, cause: Cause, detail: str, asked: float | None = None
    ) -> None:
        """Store that an attempt failed; *asked* is the receiver's Retry-After."""
        now = self.now()
        after = rules.failed(held, _RETRY, cause, detail, now, asked)

        def mark() -> None:
            self._failed(after, now)

        if held.seq in self._borrowed and after.state is DeliveryState.PENDING:
            self._borrowed[held.seq] = after, mark
        self._store(mark)
        self._voice.failed(held, cause, detail)

    def _delivered(self, held: Delivery, receipt: Receipt) -> None:
        if receipt.refused:
            # Queued before the mark: a kill in between queues the same ids again.
            detail = "refused for " + " ".join(receipt.refused)
            lost = replace(held, cause=Cause.REJECTED, detail=detail[:300])
            notices = self._notices(lost)
            with self.db.transaction() as tx:
                outbox.add(tx, notices)
            self._voice.refused(held, detail)
        if outbox.delivered(self.db, held, receipt, self.now()):
            self._voice.delivered(held)
        self._voice.fails.pop(held.notifier, None)

    def _failed(self, after: Delivery, at: float) -> None:
        dead = after.state is DeliveryState.DEAD
        if dead:
            told = lost(after, time.time(), pass_on=self._pass_on)
            outbox.failed(self.db, after, at, self._notices(after), told)
            if self._pass_on:
                wake_supervisor(self._state_dir)
        else:
            outbox.failed(self.db, after, at)
        if after.cause is Cause.RATE_LIMITED and not dead:
            outbox.pause(self.db, after.notifier, after.next_at)

    def _notices(self, dead: Delivery) -> tuple[Delivery, ...]:
        self.news = True
        return self._voice.notices(dead, self.now())

    def _store(self, mark: Callable[[], object]) -> None:
        self._unstored.append(mark)
        self.settle()

    def settle(self) -> bool:
        """Store what could not be stored before, in order; is all of it done?"""
        while self._unstored:
            try:
                self._unstored[0]()
            except StoreError as error:
                unwritten(self.db, "claimed_update", "delivery")
                self._voice.stuck(error)
                return False
            self._unstored.pop(0)
            self._voice.well()
            wake(self._state_dir)
        return True
