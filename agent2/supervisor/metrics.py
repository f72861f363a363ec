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
    """Return the numbers under the names of the user's documents."""
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


@value
class Change:
    """A number whose level is another now."""

    name: str
    grade: Grade
    before: Grade

    @property
    def issue(self) -> str:
        """What is (or was) wrong, in the words of the user's documents."""
        grade = self.before if self.grade is Grade.NORMAL else self.grade
        return _WORDS[self.name, grade]

    @property
    def line(self) -> tuple[str, str]:
        """Level and text of the line in the log."""
        if self.grade is Grade.NORMAL:
            return "INFO", f"RESOLVED: {self.issue}"
        word = "ERROR" if self.grade is Grade.CRITICAL else "WARNING"
        return word, f"{self.grade.name}: {self.issue}"


class Watch:
    """Tells when a level changes: once two looks in a row have seen it.

    Attributes:
        settled: The last look saw what the one before it saw.
    """

    def __init__(self, told: Levels) -> None:
        """*told* is what people were told last."""
        self.settled = True
        self._told = told
        self._seen = told

    def changes(self, found: Backlog) -> tuple[Change, ...]:
        """Return what changed, after a look that found *found*; until ``accept``."""
        now = levels_of(found)
        self.settled = now == self._seen
        self._seen = now
        if not self.settled or now == self._told:
            return ()
        pairs = (
            (name, getattr(now, name), getattr(self._told, name))
            for name in Levels.__match_args__
        )
        return tuple(Change(*each) for each in pairs if each[1] is not each[2])

    def accept(self) -> None:
        """People were told of what changed: only what is new is a change now."""
        self._told = self._seen
