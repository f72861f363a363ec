"""How often each check ran, with which result, how long it took; how late it began.

Counted in memory and handed over with the history, so that no cycle writes for it.
"""

from __future__ import annotations

from _bisect import bisect_left

from agent2.core.model import Code, Health, Outcome
from agent2.core.spans import LATE, TOOK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.model import Observation
    from agent2.store.totals import Count
    from agent2.watcher.series import Series

_TIMEOUTS = frozenset({Code.DEADLINE, Code.PORT_TIMEOUT, Code.COMMAND_TIMEOUT})


class Tally:
    """Counts until it is taken."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self._runs: dict[tuple[str, str, str], int] = {}
        self._took: dict[str, list[float]] = {}
        self._late: list[float] = []
        self._kinds: dict[tuple[str, str], int] = {}
        self.series: Series | None = None

    def cycle(self, late: float) -> None:
        """Count one cycle that began *late* seconds after it was due."""
        if not self._late:
            self._late = [0.0] * (len(LATE) + 2)
        _put(self._late, LATE, max(late, 0.0))

    def put_off(self, many: int) -> None:
        """Count *many* checks that were due while the look before them still ran.

        They stay due and begin when it ends.
        """
        self._count("reject", "", many)

    def note(
        self, target: str, seen: tuple[Observation, ...], before: Health, now: Health
    ) -> None:
        """Count the checks of *target* that were *seen*.

        *before* and *now* are its health: those of one that fails confirm it, and a
        timeout that makes it unhealthy, or finds it so, is final.
        """
        runs, took = self._runs, self._took
        if before is Health.FAILING:
            self._count("again", "", len(seen))
        for one in seen:
            found = one.finding
            result = found.outcome._value_
            if found.outcome is Outcome.FAIL and found.code in _TIMEOUTS:
                result = "timeout"
                final = now is Health.UNHEALTHY
                self._count("timeout", "final" if final else "retry", 1)
            key = (target, one.check, result)
            runs[key] = runs.get(key, 0) + 1
            spent = took.get(one.kind)
            if spent is None:
                spent = took[one.kind] = [0.0] * (len(TOOK) + 2)
            _put(spent, TOOK, one.duration_s)
            if found.figures:
                self._measured(target, one)

    def _count(self, name: str, how: str, many: int) -> None:
        self._kinds[name, how] = self._kinds.get((name, how), 0) + many

    def _measured(self, target: str, one: Observation) -> None:
        """Keep its amounts; who has no such check does not pay."""
        if self.series is None:
            from agent2.watcher.series import Series

            self.series = Series()
        self.series.note(target, one)

    def take(self) -> list[Count]:
        """Return what was counted as rows of the totals, and begin at nothing."""
        rows: list[Count] = [
            ("check", *key, float(many)) for key, many in self._runs.items()
        ]
        for kind, spent in self._took.items():
            rows += _rows("took", kind, TOOK, spent)
        if self._late:
            rows += _rows("late", "check", LATE, self._late)
        rows += [
            (name, "check", how, "", float(many))
            for (name, how), many in self._kinds.items()
        ]
        self._runs, self._took, self._late, self._kinds = {}, {}, [], {}
        return rows


def _put(spent: list[float], bounds: tuple[float, ...], seconds: float) -> None:
    spent[bisect_left(bounds, seconds)] += 1.0
    spent[-1] += seconds


def _rows(
    name: str, one: str, bounds: tuple[float, ...], spent: list[float]
) -> list[Count]:
    """Return a row per span that has some, and their sum in seconds."""
    words = [*map(str, bounds), "+Inf"]
    rows = [
        (name, one, word, "", many)
        for word, many in zip(words, spent, strict=False)
        if many
    ]
    return [*rows, (name, one, "sum", "", spent[-1])]
