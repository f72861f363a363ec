"""The courier's desk: what an answer means for the outbox, and who is told of it."""

from __future__ import annotations

import sys
import time

from agent2.core import delivery as rules
from agent2.core.message import Cause, DeliveryState, Receipt
from agent2.core.text import one_line
from agent2.core.value import replace
from agent2.courier import frames
from agent2.courier.lost import KIND, lost
from agent2.courier.phrases import send_failed
from agent2.host.wake import wake, wake_supervisor
from agent2.plan_events import is_asked_elsewhere
from agent2.store import outbox
from agent2.store.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from agent2.core.message import Delivery
    from agent2.plan import Plan
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
        self._language = "en"
        self._pass_on = False
        self._kinds: dict[str, str] = {}
        self.news = False  # something was queued here: others have work
        self._told: dict[str, Cause] = {}
        self._unstored: list[Callable[[], object]] = []
        self._store_trouble = ""

    def configure(self, plan: Plan) -> None:
        """Take the notifiers and the language of *plan*."""
        self._language = plan.language
        self._kinds = {each.name: each.kind for each in plan.notifiers}
        self._pass_on = is_asked_elsewhere(plan.events, KIND)

    def begin(self) -> None:
        """Take over what a killed courier was sending; remember what was said last."""
        outbox.take_over(self.db, self.now())
        for name, count in outbox.counts(self.db).items():
            error, success = count.last_error, count.last_success_at
            if error is not None and (success is None or success < error[2]):
                self._told[name] = error[0]

    def lease(self, name: str) -> Delivery | None:
        """Take the next due delivery of the notifier *name*."""
        try:
            found = outbox.lease(
                self.db,
                owner=self._owner,
                now=self.now(),
                lease_s=LEASE_S,
                notifiers=(name,),
            )
        except StoreError as error:
            self._say_trouble(error)
            return None
        return found[0] if found else None

    def renew(self, held: Delivery) -> bool:
        """Hold a lease for longer; False: it was lost."""
        try:
            return outbox.renew(self.db, held, self.now() + LEASE_S)
        except StoreError:
            return True  # nobody else can write either

    def give_back(self, held: Delivery) -> None:
        """End a lease without an attempt."""
        try:
            outbox.release(self.db, held, held.next_at)
        except StoreError as error:
            self._say_trouble(error)

    def overtaken(self, held: Delivery, *, deduplicates: bool) -> bool:
        """Put away what need not be sent any more; was *held* among it?"""
        try:
            group = outbox.pending_group(self.db, held.notifier, held.alert.incident)
            # The lease has counted this attempt already, and it was not made.
            before = tuple(
                replace(each, attempts=each.attempts - 1)
                if each.id == held.id
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
            self._say_trouble(error)
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
        self._store(lambda: self._failed(after, now))
        if held.cause is not cause and self._told.get(held.notifier) is not cause:
            kind = self._kinds.get(held.notifier, "?")
            self.log("ERROR", send_failed(self._language, kind, held.notifier, detail))
        self._told[held.notifier] = cause

    def _delivered(self, held: Delivery, receipt: Receipt) -> None:
        if receipt.refused:
            # Queued before the mark: a kill in between queues the same ids again.
            detail = "refused for " + " ".join(receipt.refused)
            lost = replace(held, cause=Cause.REJECTED, detail=detail[:300])
            notices = self._notices(lost)
            with self.db.transaction() as tx:
                outbox.add(tx, notices)
            kind = self._kinds.get(held.notifier, "?")
            self.log("ERROR", send_failed(self._language, kind, held.notifier, detail))
        if outbox.delivered(self.db, held, receipt, self.now()):
            self._say_told(held)
        self._told.pop(held.notifier, None)

    def _say_told(self, held: Delivery) -> None:
        from agent2.wire.languages import words

        said = words(self._language)["log.told"]
        subject = held.alert.subject
        self.log("INFO", said.format(notifier=held.notifier, subject=subject[:300]))

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
        from agent2.core import alerting
        from agent2.wire.languages import words

        catalogue = words(self._language)
        found = alerting.notices(dead, self._kinds, self.now(), catalogue)
        if not found:
            detail = f"{dead.notifier}: {dead.detail}: {dead.alert.subject}"
            self.log("ERROR", catalogue["log.undelivered"].format(detail=detail[:500]))
        self.news = True
        return found

    def _store(self, mark: Callable[[], object]) -> None:
        self._unstored.append(mark)
        self.settle()

    def settle(self) -> bool:
        """Store what could not be stored before, in order; is all of it done?"""
        while self._unstored:
            try:
                self._unstored[0]()
            except StoreError as error:
                self._say_trouble(error)
                return False
            self._unstored.pop(0)
            self._store_trouble = ""
            wake(self._state_dir)
        return True

    def _say_trouble(self, error: StoreError) -> None:
        if error.kind != self._store_trouble:
            self._store_trouble = error.kind
            self.log("ERROR", str(error))

    def log(self, level: str, text: str) -> None:
        """Tell the watcher's log and our own standard error, as one line."""
        line = one_line(" ".join(text.split()), 2000)
        wake(self._state_dir, f"log {level} {line}")
        if level != "INFO":
            print(level, line, file=sys.stderr, flush=True)  # noqa: T201
