"""The numbers of the inbox, how bad they are, and when that changes."""

from __future__ import annotations

from agent2.core import levels
from agent2.core.levels import Grade
from agent2.core.value import value
from agent2.store import inbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.store.database import Database
    from agent2.store.inbox import Backlog

_WORDS = {
    ("backlog", Grade.CRITICAL): "Inbox backlog > 50",
    ("backlog", Grade.WARNING): "Inbox backlog > 10",
    ("lag", Grade.CRITICAL): "Processing lag > 30s",
    ("lag", Grade.WARNING): "Processing lag > 5s",
    ("failed", Grade.CRITICAL): "Failed events > 5%",
    ("failed", Grade.WARNING): "Failed events > 1%",
}


def get_backlog_metrics(db: Database, now: float) -> dict[str, Any]:
    """Return the numbers under the names of the user's documents.

    Raises:
        StoreError: the store cannot be read.
    """
    found = inbox.counts(db, now)
    return {
        "pending_count": found.pending,
        "processing_count": found.processing,
        "failed_count": found.failed,
        "completed_count": found.completed,
        "oldest_pending_age_seconds": found.oldest_pending_s,
    }


@value
class Levels:
    """How bad each number is."""

    backlog: Grade
    lag: Grade
    failed: Grade

    @property
    def worst(self) -> Grade:
        """The worst of the three."""
        return levels.worst(self.backlog, self.lag, self.failed)


def levels_of(found: Backlog) -> Levels:
    """Return how bad the numbers of *found* are."""
    total = found.pending + found.processing + found.failed + found.completed
    return Levels(
        levels.backlog_level(found.pending),
        levels.lag_level(found.oldest_pending_s),
        levels.failed_level(levels.failed_share(found.failed, total)),
    )


class Watch:
    """Tells when a level changes."""

    def __init__(self) -> None:
        """Begin with everything normal."""
        self._last = Levels(Grade.NORMAL, Grade.NORMAL, Grade.NORMAL)

    def changes(self, found: Backlog) -> list[tuple[str, str]]:
        """Return level word and line of each number whose level is another now."""
        now, before = levels_of(found), self._last
        self._last = now
        told = []
        for name in Levels.__match_args__:
            grade, old = getattr(now, name), getattr(before, name)
            if grade is old:
                continue
            if grade is Grade.NORMAL:
                told.append(("INFO", f"RESOLVED: {_WORDS[name, old]}"))
                continue
            word = "ERROR" if grade is Grade.CRITICAL else "WARNING"
            told.append((word, f"{grade.name}: {_WORDS[name, grade]}"))
        return told
