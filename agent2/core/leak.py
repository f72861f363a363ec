"""Does memory leak? A rise that goes on, seen over an hour, a shift and three days.

A tooth of a saw (a cache that fills, a collector that waits) rises like a leak until it
falls. Two things tell them apart: over several teeth the line is flat, and a tooth does
not grow beyond the ones before. So a rise is believed when its line would meet the
limit about as soon as it has been watched, and when it has passed the highest level
that memory came down from before. That record counts no more once it is near the limit:
who went that far would have been warned rightly.
"""

from __future__ import annotations

from agent2.core.trend import fit, median
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.trend import Line, Point

_WIDTHS = (60.0, 480.0, 3840.0)  # seconds of a slot: 48 of them each
_SLOTS = 48
_LEAST = 12  # slots before a line is believed
_STEADY = 0.8  # share of pairs that must rise
_FALL = 0.85  # below this share of the highest a tooth has ended
_MARGIN = 1.08  # a record is passed by this much, teeth differ
_STEEPER = 4.0  # than the rise between thirds no line is: that is 1.5 times as long
_ROOM = 0.4  # ... or by this share of what was left above it, if that is less
_NEAR = 0.97  # of the limit: a record up there excuses nothing
_PATIENCE = 43200.0  # seconds without a line until a leak is believed to be over
_SOONEST = 3600.0  # a line that meets the limit within this is believed at once


@value
class Leak:
    """*rate* in bytes per second; *at* is when the limit is reached, epoch seconds."""

    rate: float
    at: float


class _Scale:
    """The highest amount of each slot of one width, oldest first."""

    __slots__ = ("_line", "points", "slot", "width")

    def __init__(self, width: float) -> None:
        self.width = width
        self.slot = -1
        self._line: tuple[int, Line | None] = (-1, None)
        self.points: list[Point] = []

    def add(self, now: float, amount: float) -> bool:
        """Take *amount*; has a slot just ended?"""
        slot = int(now // self.width)
        at = (slot + 0.5) * self.width
        if slot == self.slot:
            if amount > self.points[-1][1]:
                self.points[-1] = (at, amount)
            return False
        self.slot = slot
        self.points.append((at, amount))
        del self.points[: -_SLOTS - 1]
        return len(self.points) > _LEAST

    def rise(self) -> float:
        """Return about how much memory rose in the slots that are over."""
        third = len(self.points) // 3
        first, last = self.points[:third], self.points[-third - 1 : -1]
        return median(a for _, a in last) - median(a for _, a in first)

    def line(self) -> Line | None:
        """Return the line through the slots that are over, worked out once each."""
        if self._line[0] != self.slot:
            self._line = (self.slot, fit(self.points[:-1]))
        return self._line[1]


class Memory:
    """What is remembered of one process's memory: bounded, and nothing is stored.

    Attributes:
        found: The leak, as the last slot that ended tells it; None is none.
    """

    __slots__ = ("_highest", "_record", "_scales", "_since", "found")

    def __init__(self) -> None:
        self.found: Leak | None = None
        self._scales = tuple(_Scale(width) for width in _WIDTHS)
        self._highest = self._record = 0.0
        self._since = (0.0, 0.0)  # when a line last told of it, and how much it was

    def renewed(self) -> None:
        """Another process has taken its place: its memory begins anew.

        What the one before came down from stays known: who is replaced each night and
        stays below that does not leak.
        """
        self._record = max(self._record, self._highest)
        self._highest = 0.0
        self._scales = tuple(_Scale(width) for width in _WIDTHS)
        self.found = None

    def add(self, now: float, amount: float, limit: float) -> Leak | None:
        """Take *amount* bytes at *now*; return the leak towards *limit*, if any."""
        self._follow(amount)
        ended = [scale for scale in self._scales if scale.add(now, amount)]
        if amount >= limit:
            self.found = None  # no forecast any more: the limit itself speaks
        elif ended:
            self.found = self._look(now, amount, limit) or self._still(now, amount)
        return self.found

    def _still(self, now: float, amount: float) -> Leak | None:
        """Keep a leak that no line tells of just now, until memory falls or calms."""
        told_at, level = self._since
        over = amount < level * _FALL or now - told_at > _PATIENCE
        return None if over else self.found

    def _follow(self, amount: float) -> None:
        """Keep the highest level that memory came down from."""
        if amount < self._highest * _FALL:
            self._record = max(self._record, self._highest)
            self._highest = amount
        self._highest = max(self._highest, amount)

    def _look(self, now: float, amount: float, limit: float) -> Leak | None:
        record = self._record
        beyond = min(record * _MARGIN, record + (limit - record) * _ROOM)
        if record < limit * _NEAR and amount <= beyond:
            return None
        best: Leak | None = None
        for scale in self._scales:
            if len(scale.points) <= _LEAST:
                continue
            seen = scale.points[-2][0] - scale.points[0][0]
            ahead = max(_SOONEST, seen / 2.0)
            if amount + _STEEPER * ahead / seen * scale.rise() < limit:
                continue  # far from it: a line would cost a millisecond
            line = scale.line()
            if line is None or line.rising < _STEADY:
                continue
            at = line.reaches(limit)
            if at is None or at - now > ahead:
                continue
            if best is None or at < best.at:
                best = Leak(line.slope, max(at, now))
        if best is not None:
            self._since = (now, amount if self.found is None else self._since[1])
        return best
