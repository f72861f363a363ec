"""What checks measure, as the mean of each five minutes, on its way into the store."""

from __future__ import annotations

from agent2.store import series

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

    from agent2.core.model import Observation
    from agent2.store.series import Row

WIDTH = 300  # seconds of one amount: the rhythm of the user's documents


class Series:
    """Adds up until it is taken; the span that goes on is handed over as it stands."""

    def __init__(self) -> None:
        """Begin empty."""
        self._sums: dict[tuple[str, str, int], tuple[float, int]] = {}

    def note(self, target: str, seen: Observation) -> None:
        """Add the figures of one check."""
        at = int(seen.at // WIDTH) * WIDTH
        for figure, amount in seen.finding.figures:
            key = (target, f"{seen.check}/{figure}", at)
            whole, many = self._sums.get(key, (0.0, 0))
            self._sums[key] = (whole + amount, many + 1)

    def take(self, now: float) -> list[Row]:
        """Return the means; those whose five minutes are over are forgotten."""
        rows = [(*key, whole / many) for key, (whole, many) in self._sums.items()]
        open_now = int(now // WIDTH) * WIDTH
        self._sums = {k: kept for k, kept in self._sums.items() if k[2] >= open_now}
        return rows

    @staticmethod
    def write(tx: Connection, rows: list[Row], now: float | None) -> None:
        """Write *rows*; with *now*, drop what is too old."""
        series.add(tx, rows)
        if now is not None:
            series.prune(tx, now - series.KEEP)
