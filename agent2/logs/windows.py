"""Counts over the last seconds: in twelve steps each, so that they cost nothing."""

from __future__ import annotations

from collections import Counter
from math import inf

from agent2.logs.times import Times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_STEPS = 12
_COUNT, _MICROS = "count", "micros"
MOST = 2000  # different keys in a step; over it the rarest are forgotten


class Window:
    """Counts by key over the last *seconds* of wall-clock time."""

    def __init__(self, seconds: float, kept: list[Any] | None = None) -> None:
        """Go on from what ``memory`` returned."""
        self._width = seconds / _STEPS
        self._steps: dict[int, Counter[str]] = {
            int(step): Counter(dict(counts)) for step, counts in kept or ()
        }
        self._step: int | None = None  # for which was forgotten

    def add(self, now: float, counts: Iterable[tuple[str, int]]) -> None:
        """Count what came just now."""
        step = self._forget(now)
        held = self._steps.setdefault(step, Counter())
        for key, count in counts:
            held[key] += count
        if len(held) > MOST:
            self._steps[step] = Counter(dict(held.most_common(MOST // 2)))

    def totals(self, now: float) -> Counter[str]:
        """Return the counts of the window that ends *now*."""
        self._forget(now)
        found: Counter[str] = Counter()
        for counts in self._steps.values():
            found.update(counts)
        return found

    def memory(self) -> list[Any]:
        """Return what must be remembered."""
        return [[step, dict(counts)] for step, counts in self._steps.items()]

    def _forget(self, now: float) -> int:
        """Forget what is past, and what a step of the clock left in the future."""
        step = int(now // self._width)
        if step != self._step:
            self._step = step
            for old in tuple(self._steps):
                if not step - _STEPS < old <= step:
                    del self._steps[old]
        return step


class TimeWindow:
    """Response times over the last *seconds*: their mean, with *fine* percentiles."""

    def __init__(
        self, seconds: float, kept: list[Any] | None = None, *, fine: bool = False
    ) -> None:
        """Go on from what ``memory`` returned."""
        self._counts = Window(seconds, kept)
        self._fine = fine

    def add(self, now: float, seconds: list[float]) -> None:
        """Take what came just now; single values to a hundredth.

        What is negative or no number is left out: who writes the log chooses it.
        """
        seconds = [one for one in seconds if 0.0 <= one < inf]
        if not seconds:
            return
        counts = [(_COUNT, len(seconds)), (_MICROS, round(sum(seconds) * 1e6))]
        if self._fine:
            counts += Counter(f"{s:.3g}" for s in seconds).items()
        self._counts.add(now, counts)

    def total(self, now: float, share: float) -> tuple[float, int]:
        """Return the percentile *share* (0: the mean) of the window, and how many."""
        totals = self._counts.totals(now)
        count, micros = totals.pop(_COUNT, 0), totals.pop(_MICROS, 0)
        if not share:
            return (micros / 1e6 / count if count else 0.0), count
        times = Times()
        for text, many in totals.items():
            times.add(float(text), many)
        return times.percentile(share), count

    def memory(self) -> list[Any]:
        """Return what must be remembered."""
        return self._counts.memory()


class Today:
    """Counts by key since midnight, local time; *day* is ``YYYY-MM-DD``."""

    def __init__(self, kept: list[Any] | None = None) -> None:
        """Go on from what ``memory`` returned."""
        day, counts = kept or ("", {})
        self._day = str(day)
        self._counts: Counter[str] = Counter(counts)

    def add(self, day: str, key: str, count: int) -> None:
        """Count what came just now."""
        self.of(day, key)
        self._counts[key] += count

    def of(self, day: str, key: str) -> int:
        """Return the count of *key* on *day*: 0 when it has just begun."""
        if day != self._day:
            self._day = day
            self._counts.clear()
        return self._counts[key]

    def memory(self) -> list[Any]:
        """Return what must be remembered."""
        return [self._day, dict(self._counts)]
