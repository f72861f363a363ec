"""Counts over the last seconds: in twelve steps each, so that they cost nothing."""

from __future__ import annotations

from collections import Counter

from agent2.logs.times import Times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

_STEPS = 12
_MOST = 2000  # different keys in a step; over it the rarest are forgotten


class Window:
    """Counts by key over the last *seconds* of wall-clock time."""

    def __init__(self, seconds: float, kept: list[Any] | None = None) -> None:
        """Go on from what ``memory`` returned."""
        self._width = seconds / _STEPS
        self._steps: dict[int, Counter[str]] = {
            int(step): Counter(dict(counts)) for step, counts in kept or ()
        }

    def add(self, now: float, counts: Iterable[tuple[str, int]]) -> None:
        """Count what came just now."""
        step = self._forget(now)
        held = self._steps.setdefault(step, Counter())
        for key, count in counts:
            held[key] += count
        if len(held) > _MOST:
            self._steps[step] = Counter(dict(held.most_common(_MOST // 2)))

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
        for old in tuple(self._steps):
            if not step - _STEPS < old <= step:
                del self._steps[old]
        return step


class TimeWindow:
    """Response times over the last *seconds*."""

    def __init__(self, seconds: float, kept: list[Any] | None = None) -> None:
        """Go on from what ``memory`` returned."""
        self._counts = Window(seconds, kept)

    def add(self, now: float, times: Times) -> None:
        """Take what came just now, to a hundredth of each value."""
        self._counts.add(now, ((f"{s:.3g}", n) for s, n in times.counts()))

    def total(self, now: float) -> Times:
        """Return all of the window that ends *now*."""
        found = Times()
        for text, count in self._counts.totals(now).items():
            found.add(float(text), count)
        return found

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
