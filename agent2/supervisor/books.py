"""Writing down what became of a batch: marks, decisions, effects, in one transaction.

What the store does not take is owed and written by the next try; one event that no
store takes must not hold up the rest.
"""

from __future__ import annotations

from agent2.store import inbox, turns
from agent2.store.errors import StoreError
from agent2.store.totals import unwritten
from agent2.supervisor import effects, phrases
from agent2.supervisor.effects import Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from agent2.store.database import Database
    from agent2.store.inbox import Claimed

_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 300.0


class Books:
    """What is owed to the store, and what was written since they were opened.

    Attributes:
        owed: What became of events and is not written down yet.
        processed, failed: How many events were.
        gates_put: How many gates were put.
    """

    def __init__(
        self,
        db: Database,
        max_retries: int,
        now: Callable[[], float],
        log: Callable[[str, str], object],
    ) -> None:
        """*max_retries*: how often an event that failed is tried again."""
        self.owed: list[Outcome] = []
        self.processed = 0
        self.failed = 0
        self.gates_put = 0
        self._db = db
        self._max_retries = max_retries
        self._now = now
        self._log = log

    def settle(self) -> tuple[int, int]:
        """Write down what is owed; return how many were decided and how many failed.

        Raises:
            StoreError: the store cannot be written; it stays owed.
        """
        owed = self.owed
        if not owed:
            return 0, 0
        try:
            with self._db.transaction() as tx:
                done = [self._write(tx, each) for each in owed]
        except StoreError as error:
            if error.kind == "io" and len(owed) > 1:
                done = self._one_by_one(owed)
            else:
                unwritten(self._db, "claimed_update", "event")
                self.say_stuck([each.claimed for each in owed], error)
                raise
        self.owed = []
        self.gates_put += sum(each.gate is not None for each in owed)
        decided, failed = done.count("decided"), done.count("failed")
        self.processed += decided
        self.failed += failed
        return decided, failed

    def _one_by_one(self, owed: list[Outcome]) -> list[str]:
        """Write each for itself: one that no store takes must not hold up the rest."""
        done = []
        for each in owed:
            try:
                with self._db.transaction() as tx:
                    done.append(self._write(tx, each))
            except StoreError as error:
                if error.kind != "io":
                    raise
                broken = Outcome(each.claimed, why=f"cannot be written: {error}")
                with self._db.transaction() as tx:
                    done.append(self._write(tx, broken))
        return done

    def _write(self, tx: sqlite3.Connection, outcome: Outcome) -> str:
        """Mark one event and write its effects, unless its claim was lost."""
        now, claimed = self._now(), outcome.claimed
        if not outcome.why:
            if not inbox.finish(tx, claimed, now):
                return "lost"
            effects.write(tx, outcome, now)
            return "decided"
        tries = claimed.event.retries
        again = tries < self._max_retries or not outcome.tried
        wait = min(_FIRST_WAIT_S * 2.0**tries, _LONGEST_WAIT_S)
        at = now + wait if again else None
        if not inbox.fail(tx, claimed, outcome.why, now, at):
            return "lost"
        effects.write_error(tx, outcome, now)
        event = claimed.event
        told = {"id": event.id, "why": outcome.why, "subject": event.subject}
        self._log("ERROR", phrases.ERROR.format(**told))
        return "failed"

    def say_stuck(self, claimed: list[Claimed], error: StoreError) -> None:
        """Say of each event that the store keeps us from it."""
        for each in claimed:
            told = {"id": each.event.id, "subject": each.event.subject}
            why = f"Database error: {error}"
            self._log("ERROR", phrases.ERROR.format(why=why, **told))

    def bury(self) -> int:
        """Give up the events over which processors die; return how many."""
        buried = turns.bury(self._db, self._now())
        for event, why in buried:
            told = {"id": event.id, "why": why, "subject": event.subject}
            self._log("ERROR", phrases.ERROR.format(**told))
        self.failed += len(buried)
        return len(buried)
