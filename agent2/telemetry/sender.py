"""One look for each signal: what is new is sent, and marked once it was taken."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from agent2.telemetry.figures import gather
from agent2.telemetry.queues import Logs, Traces, begin

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.plan.telemetry import TelemetryPlan
    from agent2.store.database import Database
    from agent2.telemetry.door import Door, Sent
    from agent2.telemetry.marks import Mark, Marks
    from agent2.telemetry.queues import Batch

    class Queue(Protocol):
        """What waits of one signal."""

        kind: str

        def bounded(self, mark: Mark, most: int) -> Mark:
            """Return *mark*, moved on so that at most *most* wait."""

        def batch(self, mark: Mark, most: int) -> Batch:
            """Return up to *most* after *mark*, and the mark behind them."""


_FIRST, _LONGEST = 1.0, 60.0  # seconds between tries of a collector that fails


class Sender:
    """Sends what the store holds; back-off for each signal on its own."""

    def __init__(
        self,
        plan: TelemetryPlan,
        door: Door,
        marks: Marks,
        state_dir: str,
        told: Callable[[str, str], object],
    ) -> None:
        """Send by *door*; *told* takes a level and a line for the log."""
        self._plan, self._door, self.marks = plan, door, marks
        self._state_dir, self._told = state_dir, told
        self._next: dict[str, float] = {}
        self._gap: dict[str, float] = {}

    def look(self, db: Database, mono: float) -> None:
        """Send what is due; *mono* is monotonic seconds.

        Raises:
            StoreError, OSError: the store cannot be read, or a mark not written.
        """
        plan, queues = self._plan, list["Queue"]()
        if plan.traces:
            queues.append(Traces(db))
        if plan.logs:
            queues.append(Logs(db, self.marks.store))
        for queue in queues:
            self._drain(queue, begin(db, self._mark(queue.kind), plan.max_queue_size))
        if plan.metrics and self._due("metrics", mono):
            self._measure(db, mono)

    def wait(self, mono: float) -> float:
        """Return after how many seconds there is something to do again."""
        due = [mono + self._plan.schedule_delay]
        if self._plan.metrics:
            due.append(self._next.get("metrics", mono))
        return max(min(due) - mono, 0.0)

    def last_words(self, db: Database, seconds: float) -> None:
        """Send what is left, within *seconds*, whatever the back-off."""
        self._next.clear()
        until = time.monotonic() + seconds
        for queue in (Traces(db), Logs(db, self.marks.store)):
            mark = begin(db, self._mark(queue.kind), self._plan.max_queue_size)
            if getattr(self._plan, queue.kind):
                self._drain(queue, mark, until)

    def _drain(self, queue: Queue, mark: Mark, until: float | None = None) -> None:
        plan, kind = self._plan, queue.kind
        mark = queue.bounded(mark, plan.max_queue_size)
        if mark != self._mark(kind):
            self._keep(kind, mark)
        until = time.monotonic() + plan.export_timeout if until is None else until
        most = min(plan.max_export_batch_size, plan.max_queue_size)
        while self._due(kind, time.monotonic()):
            batch, after = queue.batch(mark, most)
            moved = after.seq != mark.seq
            if batch:
                left = until - time.monotonic()
                if left <= 0.0 or not self._sent(kind, batch, mark, after, left):
                    return
            elif not moved:
                if after != mark:
                    self._keep(kind, after)
                return
            mark = after
            self._keep(kind, mark)

    def _sent(
        self, kind: str, batch: list[object], mark: Mark, after: Mark, most: float
    ) -> bool:
        """Send one batch; with True *after* counts, taken or never to be taken."""
        answer = self._door.send(kind, batch, most)
        self._answered(kind, answer)
        if answer.again:
            mark.error = answer.why
            self._keep(kind, mark)
            return False
        after.error = answer.why
        lost = answer.rejected if answer.taken else len(batch)
        after.dropped += lost
        after.sent += len(batch) - lost
        return True

    def _measure(self, db: Database, mono: float) -> None:
        self._next["metrics"] = mono + self._plan.metrics_interval
        batch = gather(db, self._state_dir, self.marks)
        answer = self._door.send("metrics", batch)
        self._answered("metrics", answer)
        mark = self.marks.metrics.copy()
        many = sum(len(one.points) + len(one.spreads) for one in batch)
        mark.error = answer.why
        mark.sent += many if answer.taken else 0
        mark.dropped += 0 if answer.taken else many  # they are of their moment
        self._keep("metrics", mark)

    def _answered(self, kind: str, answer: Sent) -> None:
        """Say what changed, and take the wait that follows from it."""
        before = self._mark(kind).error
        if answer.again:
            gap = self._gap.get(kind, _FIRST)
            self._gap[kind] = min(gap * 2.0, _LONGEST)
            due = time.monotonic() + max(gap, answer.wait)
            self._next[kind] = max(due, self._next.get(kind, 0.0))
        else:
            self._gap.pop(kind, None)
        if answer.why != before:
            if answer.why:
                self._told("WARNING", f"{kind}: {answer.why}")
            else:
                gone = self._mark(kind).dropped
                self._told("INFO", f"{kind}: taken again; dropped since ever: {gone}")

    def _due(self, kind: str, mono: float) -> bool:
        return mono >= self._next.get(kind, 0.0)

    def _mark(self, kind: str) -> Mark:
        found: Mark = getattr(self.marks, kind)
        return found

    def _keep(self, kind: str, mark: Mark) -> None:
        setattr(self.marks, kind, mark)
        self.marks.save(self._state_dir)
