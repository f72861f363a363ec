"""Response times without end in little memory: exact sums, percentiles within 1 %."""

from __future__ import annotations

import re
from collections import Counter
from math import exp, inf, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_DISTINCT = 20_000  # different values that are kept as they are
_STEP = log(1.01)
_NUMBER = re.compile(rb"\d+(?:\.\d+)?").fullmatch


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
        self._counts: Counter[float] = Counter()
        self._rough = False

    def add(self, seconds: float, times: int = 1) -> None:
        """Count *seconds*; what is negative or no number is left out."""
        if not 0.0 <= seconds < inf:
            return
        self.count += times
        self.total += seconds * times
        self.least = min(self.least, seconds)
        self.most = max(self.most, seconds)
        self._counts[_rough(seconds) if self._rough else seconds] += times
        self._bound()

    def update(self, seconds: Iterable[float]) -> None:
        """Add each of *seconds*."""
        found = [one for one in seconds if 0.0 <= one < inf]
        if not found:
            return
        self.count += len(found)
        self.total = sum(found, self.total)
        self.least = min(self.least, *found)
        self.most = max(self.most, *found)
        self._counts.update(map(_rough, found) if self._rough else found)
        self._bound()

    def read(self, texts: Iterable[bytes]) -> None:
        """Add what each of *texts* says, if it is a number."""
        self.update(float(text) for text in texts if _NUMBER(text))

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

    def _bound(self) -> None:
        if len(self._counts) <= _DISTINCT or self._rough:
            return
        self._rough = True
        fine, self._counts = self._counts, Counter()
        for seconds, times in fine.items():
            self._counts[_rough(seconds)] += times


def _rough(seconds: float) -> float:
    return exp(round(log(seconds) / _STEP) * _STEP) if seconds > 1e-6 else 0.0
