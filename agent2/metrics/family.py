"""A metric, and what it is now."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Sample = tuple[str, tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Metric:
    """The name of something that is counted or measured.

    Attributes:
        name: As Prometheus has it: base units, ``_total`` for what only grows.
        type: counter, gauge or histogram.
        labels: Their names; a histogram's ``le`` is not among them.
        help: One sentence.
    """

    name: str
    type: str
    labels: tuple[str, ...]
    help: str


class Rows:
    """Labels of many samples, in their order: the same at each scrape.

    *texts* is where the text keeps what it made of them, by metric: the lines with a
    hole for each value, the values that filled them last, and what came of it.
    """

    def __init__(self, labels: Sequence[tuple[str, ...]]) -> None:
        """Make no text yet."""
        self.labels = labels
        self.texts: dict[str, tuple[str, list[Any], bytes]] = {}


@dataclass(slots=True)
class Family:
    """A metric with its samples: ending of the name, values of the labels, value.

    *columns* are many samples at once: their labels, and a value for each, a number or
    its digits; where it is None there is no sample.
    """

    metric: Metric
    columns: list[tuple[Rows, list[Any]]] = field(default_factory=list)
    samples: list[Sample] = field(default_factory=list)

    def put(self, value: float, *labels: str) -> None:
        """Add one sample."""
        self.samples.append(("", labels, value))

    def column(self, rows: Rows, values: list[Any]) -> None:
        """Add many samples; where the value is None there is none."""
        if values.count(None) < len(values):
            self.columns.append((rows, values))

    def every(self) -> list[Sample]:
        """Return all samples, one by one."""
        return [
            ("", labels, float(value) if type(value) is str else value)
            for rows, values in self.columns
            for labels, value in zip(rows.labels, values, strict=True)
            if value is not None
        ] + self.samples

    def spread(
        self, bounds: Sequence[float], counts: dict[str, float], *labels: str
    ) -> None:
        """Add a histogram; *counts* are by bound, not yet added up, and ``sum``."""
        below = 0.0
        for word in (*map(str, bounds), "+Inf"):
            below += counts.get(word, 0.0)
            self.samples.append(("_bucket", (*labels, word), below))
        self.samples.append(("_count", labels, below))
        self.samples.append(("_sum", labels, counts.get("sum", 0.0)))


class Spent:
    """Counts how long things took, by the *bounds* of their spans in seconds."""

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Nothing was done yet."""
        self._bounds = bounds
        self._words = (*map(str, bounds), "+Inf")
        self.counts: dict[str, float] = {"sum": 0.0}

    def note(self, seconds: float) -> None:
        """Count one."""
        word = self._words[bisect_left(self._bounds, seconds)]
        self.counts[word] = self.counts.get(word, 0.0) + 1.0
        self.counts["sum"] += seconds


class Families:
    """The families of one answer, by name; made when they are first asked for."""

    def __init__(self, table: dict[str, Metric]) -> None:
        """Nothing is told yet."""
        self._table = table
        self._found: dict[str, Family] = {}

    def __call__(self, name: str) -> Family:
        """Return the family *name* of the table."""
        found = self._found.get(name)
        if found is None:
            found = self._found[name] = Family(self._table[name])
        return found

    def take(self, others: Families) -> None:
        """Put what *others* tell; they are left as they are, for another time."""
        for name, told in others._found.items():
            mine = self(name)
            mine.columns += told.columns
            mine.samples += told.samples

    def all(self) -> Iterable[Family]:
        """Return those that have samples."""
        return [each for each in self._found.values() if each.samples or each.columns]
