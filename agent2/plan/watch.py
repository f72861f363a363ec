"""The compiled plan as a program reads it that runs on: again when it was made anew."""

from __future__ import annotations

import os

from agent2.plan.sources import PLAN_NAME
from agent2.plan.stored import PlanError, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.plan.values import Plan


class PlanWatch:
    """The plan of one state folder."""

    def __init__(self, state_dir: str) -> None:
        self._path = os.path.join(state_dir, PLAN_NAME)
        self._seen: tuple[int, int] = (0, 0)

    def read(self) -> Plan:
        """Return the plan as it is now.

        Raises:
            PlanError: there is none that can be read.
        """
        try:
            facts = os.stat(self._path)
        except OSError as error:
            raise PlanError(f"{self._path}: {error.strerror}") from None
        plan = load(self._path)
        self._seen = (facts.st_ino, facts.st_mtime_ns)
        return plan

    def news(self) -> Plan | None:
        """Return the plan if it is not the one that was read last, else None.

        One that is gone or cannot be read is no news: the last one goes on.
        """
        try:
            facts = os.stat(self._path)
            if self._seen == (facts.st_ino, facts.st_mtime_ns):
                return None
            return self.read()
        except (OSError, PlanError):
            return None
