"""How things stand for a subject: run mode, gates, redlines, as a policy may know."""

from __future__ import annotations

from agent2.core.standing import Mode, Redlines, Standing
from agent2.plan.events import EventsPlan, frozen_by
from agent2.store import gates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.store.database import Database

OWN_NAMES = ("agent2", "agent2_monitor")


class Standings:
    """Call it with a subject."""

    def __init__(
        self, db: Database, plan: EventsPlan, now: Callable[[], float]
    ) -> None:
        """*now* gives epoch seconds."""
        self.plan = plan
        self._db = db
        self._now = now

    def __call__(self, subject: str) -> Standing:
        """Return how things stand for *subject*.

        Raises:
            StoreError: its gates cannot be read.
        """
        now = self._now()
        window = frozen_by(self.plan.frozen, now)
        return Standing(
            now=now,
            mode=Mode(self.plan.mode),
            gates=gates.of(self._db, subject),
            redlines=Redlines(
                own_names=OWN_NAMES,
                commands=self.plan.commands or None,
                frozen=window != "",
                frozen_reason=f"frozen window {window}" if window else "",
            ),
            max_retries=self.plan.max_retries,
        )
