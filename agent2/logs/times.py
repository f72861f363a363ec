"""Response times without end in little memory: exact sums, percentiles within 1 %."""

from __future__ import annotations

from math import exp, inf, log

_DISTINCT = 20_000  # different values that are kept as they are
_STEP = log(1.01)


class Times:
    """Seconds as they come in.

    Percentiles (nearest rank) are exact up to 20,000 different values; from then on
    values are kept to a hundredth of themselves.
    """

    __slots__ = ("_counts", "_rough", "count", "least", "most", "total")

    def __init__(self) -> None:
        """Begin with none."""
        self.count = 0
        self.total = 0.0
        self.least = inf
        self.most = 0.0
        self._counts: dict[float, int] = {}
        self._rough = False

    def add(self, seconds: float, times: int = 1) -> None:
        """Count *seconds*; what is negative or no number is left out."""
        if not 0.0 <= seconds < inf:
            return
        self.count += times
        self.total += seconds * times
        self.least = min(self.least, seconds)
        self.most = max(self.most, seconds)
        key = _rough(seconds) if self._rough else seconds
        self._counts[key] = self._counts.get(key, 0) + times
        if len(self._counts) > _DISTINCT and not self._rough:
            self._roughen()

    @property
    def mean(self) -> float:
        """The mean, 0 of nothing."""
        return self.total / self.count if self.count else 0.0

    def percentile(self, share: float) -> float:
        """Return the value that *share* (0..1) of all do not exceed, 0 of nothing."""
        rank, seen = max(share * self.count, 1.0) - 1e-9, 0
        for seconds in sorted(self._counts):
            seen += self._counts[seconds]
            if seen >= rank:
                return min(max(seconds, self.least), self.most)
        return 0.0

    def _roughen(self) -> None:
        self._rough = True
        fine, self._counts = self._counts, {}
        for seconds, times in fine.items():
            key = _rough(seconds)
            self._counts[key] = self._counts.get(key, 0) + times


def _rough(seconds: float) -> float:
    return exp(round(log(seconds) / _STEP) * _STEP) if seconds > 1e-6 else 0.0
