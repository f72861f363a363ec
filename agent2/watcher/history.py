"""The history of verdicts, written in batches: a healthy cycle costs no commit."""

from __future__ import annotations

from agent2.store import history, journal, outbox, totals
from agent2.watcher.tally import Tally

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent2.core.model import Judgement

    Row = tuple[str, float, str, str, float | None]

_BATCH = 500
_SECONDS = 60.0
_KEEP = 9 * 86400.0  # the upkeep keeps seven; this is for a store nobody looks after
_KEEP_TOLD = 90 * 86400.0  # what was told and decided, for the questions afterwards


class History:
    """Collects rows and hands them to *save* each minute or 500 rows.

    Attributes:
        tally: What is counted meanwhile; it goes with them.
    """

    def __init__(self, save: Callable[[Callable[..., Any]], None]) -> None:
        """Begin empty."""
        self._save = save
        self.tally = Tally()
        self._rows: list[Row] = []
        self._since = 0.0
        self._pruned = 0.0

    def note(self, target: str, now: float, judgement: Judgement) -> None:
        """Add one verdict."""
        if not self._rows:
            self._since = now
        verdict, code = judgement.verdict._value_, judgement.code._value_
        self._rows.append((target, now, verdict, code, judgement.response_s))
        if len(self._rows) >= _BATCH or now - self._since >= _SECONDS:
            self.flush(now)

    def flush(self, now: float) -> None:
        """Hand over what is there; once an hour drop what is too old."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        prune = now - self._pruned >= 3600.0
        if prune:
            self._pruned = now
        counts, series = self.tally.take(), self.tally.series
        amounts = series.take(now) if series is not None else []

        def inside(tx: Any) -> None:
            history.add(tx, rows)
            totals.add(tx, counts)
            if series is not None:
                series.write(tx, amounts, now if prune else None)
            if prune:
                history.prune(tx, now - _KEEP)
                outbox.prune(tx, now - _KEEP_TOLD)
                journal.prune(tx, now - _KEEP_TOLD)

        self._save(inside)
