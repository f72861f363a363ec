"""One log that is followed: its lines, its counts, and the file that remembers both.

Runs in a worker thread of the watcher, in steps of 64 KiB: an expression holds the
interpreter while it runs, and no check may wait for it.
"""

from __future__ import annotations

import json
import os
import time

from agent2.host.files import ensure_dir, read_small, write_atomic
from agent2.logs import journal
from agent2.logs.following import Follower
from agent2.logs.limits import unrotated
from agent2.logs.nginx import detected, needed
from agent2.logs.watching import Counting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.logs.limits import Breach, Limits
    from agent2.logs.nginx import LogFormat

_LARGEST = 8 << 20  # bytes of a memory
_EVERY = 30.0  # seconds from one writing of it to the next


class LogReader:
    """Follows one log. ``look`` counts what is new and returns what is over a limit.

    The memory holds the place and the counts as they were at one moment, so a killed
    watcher counts on from there: nothing twice, nothing lost.

    Attributes:
        busy: A look goes on.
        latest: The last lines that were counted, without secrets, where a limit was
            passed.
        told: What was seen, in words.
    """

    def __init__(
        self,
        path: str,
        unit: str,
        form: str,
        limits: Limits,
        place: str,
        *,
        writes: bool,
        whole: bool,
        most: int,
    ) -> None:
        """Take up what the file *place* remembers ("" remembers nothing)."""
        self.busy = self.missing = False
        self.told = ""
        self.latest: list[str] = []
        self._place = place
        self._writes = writes
        self._most = most
        self._unit = unit
        self._limits = limits
        self._kept = kept = self._remembered(f"{path}|{unit}")
        self._source = f"{path}|{unit}"
        self._cursor = str(kept.get("cursor", ""))
        self._file = Follower(path, kept.get("file"), whole=whole)
        self._counting: Counting | None = None
        self._form = kept.get("form", form) if form == "auto" else form
        if self._form != "auto":
            self._count(needed(self._form))
        self._written = float("-inf")
        self._lines = 0
        self.figures: tuple[tuple[str, float], ...] = ()

    @property
    def skipped(self) -> int:
        """Bytes that were left out."""
        return self._file.skipped

    def look(self, now: float, seconds: float) -> list[Breach]:
        """Count what is new within *seconds*; return what is over its limit *now*.

        Raises:
            OSError: the log is there and cannot be read.
        """
        self.busy = True
        try:
            day = time.strftime("%Y-%m-%d", time.localtime(now))
            before, self._lines = self.skipped, 0
            for block in self._blocks(now, seconds):
                counting = self._counting
                if counting is None:
                    form = detected(block)
                    self._form = f"nginx:{form.text}" if form else "agent2"
                    counting = self._count(form)
                self._lines += counting.feed(block, now, day)
            if self._counting:
                self._counting.settle(now)
            self.missing = self._file.missing and not self._unit
            self._remember(now)
            self._say(day, self.skipped - before)
            age = now - self._file.begun
            old = list(unrotated(self._file.size, age, self._limits))
            if self._counting is None:
                return old
            self.figures = self._counting.figures(now)
            found = list(self._counting.breaches(now, day))
            if found:
                self.latest = self._counting.latest  # here: it is work
            return found + old
        finally:
            self.busy = False

    def close(self) -> None:
        """Hold nothing open any more."""
        if not self.busy:
            self._file.close()

    def _count(self, form: LogFormat | None) -> Counting:
        kept = self._kept.get("counts", {})
        self._counting = counting = Counting(self._limits, form, kept)
        return counting

    def _blocks(self, now: float, seconds: float) -> Iterator[bytes]:
        if not self._unit:
            end = time.monotonic() + seconds
            yield from self._file.blocks(
                now, self._most, lambda: time.monotonic() < end
            )
            return
        for part in journal.news(self._unit, self._cursor, seconds):
            if isinstance(part, bytes):
                yield part
            else:
                self._cursor = part

    def _say(self, day: str, skipped: int) -> None:
        lines = f"{self._lines} new lines"
        if skipped:
            lines += f" ({skipped / 1e6:.1f} MB left out: too many at once)"
        used = self._counting.used(day) if self._counting else ""
        self.told = f"{lines}; {used}" if used else lines

    def _remembered(self, source: str) -> dict[str, Any]:
        if not self._place:
            return {}
        try:
            tree = json.loads(read_small(self._place, _LARGEST))
        except (OSError, ValueError):
            return {}
        ours = isinstance(tree, dict) and tree.get("source") == source
        return tree if ours else {}

    def _remember(self, now: float) -> None:
        if not (self._place and self._writes) or 0.0 <= now - self._written < _EVERY:
            return
        counts = self._counting.memory() if self._counting else self._kept.get("counts")
        tree = {
            "source": self._source,
            "form": self._form,
            "file": self._file.memory(),
            "cursor": self._cursor,
            "counts": counts or {},
        }
        ensure_dir(os.path.dirname(self._place), 0o700)
        write_atomic(self._place, json.dumps(tree).encode(), 0o600, sync=False)
        self._written = now
