"""A straight line through points of which many may lie: Theil and Sen's.

The slope is the median of the slopes of all pairs: 29 % of the points may be anything.
"""

from __future__ import annotations

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Point = tuple[float, float]  # time in seconds, amount

_DAY = 86400.0
_MOST = 240  # points of a line: 28,680 pairs


@value
class Line:
    """*slope* per second; *rising* is the share of pairs that go up."""

    slope: float
    level: float
    at: float
    rising: float

    def value_at(self, time: float) -> float:
        """Return what the line says of a *time*."""
        return self.level + self.slope * (time - self.at)

    def reaches(self, amount: float) -> float | None:
        """Return when the rising line is at *amount*; None where it is not rising."""
        if self.slope <= 0.0:
            return None
        return self.at + (amount - self.level) / self.slope


def median(amounts: Iterable[float]) -> float:
    """Return the middle of *amounts*, of which there is at least one."""
    ordered = sorted(amounts)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) / 2.0


def fit(points: Sequence[Point], period: float = 0.0) -> Line | None:
    """Return the line through *points* (in order); None of fewer than two times.

    With a *period* (a day) only points a whole number of them apart are paired, so that
    what comes back each day is no trend; where there are none, all pairs count.
    """
    slopes = _apart(points, period) if period else []
    if not slopes:
        slopes = [
            (more - amount) / (other - at)
            for index, (at, amount) in enumerate(points)
            for other, more in points[index + 1 :]
            if other > at
        ]
    if not slopes:
        return None
    slope = median(slopes)
    end = points[-1][0]
    level = median(amount + slope * (end - at) for at, amount in points)
    rising = sum(1 for one in slopes if one > 0.0) / len(slopes)
    return Line(slope, level, end, rising)


def _apart(points: Sequence[Point], period: float) -> list[float]:
    """Return the slopes of the pairs that are a whole number of periods apart."""
    slack, slopes = period / 48.0, []
    for index, (at, amount) in enumerate(points):
        for other, more in points[index + 1 :]:
            periods = round((other - at) / period)
            if periods and abs(other - at - periods * period) <= slack:
                slopes.append((more - amount) / (other - at))
    return slopes


def thinned(points: Iterable[Point], width: float) -> list[Point]:
    """Return one point for each *width* seconds: the median, in its middle."""
    slots: dict[int, list[float]] = {}
    for at, amount in points:
        slots.setdefault(int(at // width), []).append(amount)
    return [((slot + 0.5) * width, median(slots[slot])) for slot in sorted(slots)]


@value
class Forecast:
    """Where a series is going.

    Attributes:
        current: The mean of its last 24 hours (all of it, where it is shorter).
        predicted: *current* and what the trend adds until then.
        per_day: What the trend adds each day.
        full_at: When it reaches the *full* amount; None where it does not rise to it.
        span: Seconds from its first point to its last.
    """

    current: float
    predicted: float
    per_day: float
    full_at: float | None
    span: float


def forecast(
    points: Sequence[Point], ahead: float, full: float = 100.0
) -> Forecast | None:
    """Return where *points* (in order of time) go in *ahead* seconds; None: too few.

    By time and not by rows, so gaps and another rhythm change nothing. What comes back
    each day is taken out as soon as there are two days of it.
    """
    if len(points) < 2 or points[-1][0] <= points[0][0]:
        return None
    end, span = points[-1][0], points[-1][0] - points[0][0]
    hours = max(1.0, span / 3600.0 / _MOST)
    # Whole parts of a day, or points would not lie a day apart.
    hours = next((h for h in (1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0) if h >= hours), 24.0)
    width = min(hours * 3600.0, span / 8.0) if span < _DAY else hours * 3600.0
    line = fit(thinned(points, width), _DAY if span >= 1.5 * _DAY else 0.0)
    assert line is not None  # eight slots at least, of which the ends are two
    last = [amount for at, amount in points if at > end - _DAY]
    current = sum(last) / len(last)
    # The mean of a day lies half a day back; the line itself tells when it is full.
    full_at = line.reaches(full)
    return Forecast(
        current, current + line.slope * ahead, line.slope * _DAY, full_at, span
    )
