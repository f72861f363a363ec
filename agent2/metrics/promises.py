"""How what was promised of targets stands; a budget of days moves slowly."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent2.core import slo
from agent2.core.uptime import trusted
from agent2.plan import sources, stored
from agent2.store import reporting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent2.core.slo import Budget, Objective
    from agent2.metrics.family import Families
    from agent2.store.database import Database

_KEEP_S = 60.0  # the history itself is written once a minute


class Promises:
    """What the plan of one state folder says for metrics, read once a minute.

    Attributes:
        blackbox: The names of blackbox_exporter are wanted too.
    """

    def __init__(self, state_dir: str) -> None:
        """Read nothing yet."""
        self._path = os.path.join(state_dir, sources.PLAN_NAME)
        self._at = float("-inf")
        self.blackbox = False
        self._found: list[tuple[str, Objective, Budget]] = []

    def put(self, to: Families, db: Database, known: Iterable[str], now: float) -> None:
        """Put how they stand, of *known* targets.

        Raises:
            StoreError: the store cannot be read.
        """
        if not 0.0 <= now - self._at < _KEEP_S:
            self._found, self._at = self._look(db, now), now
        names = frozenset(known)
        for name, promise, stands in self._found:
            if name not in names:
                continue
            to("agent2_slo_objective_ratio").put(promise.objective / 100.0, name)
            to("agent2_slo_error_budget_remaining_ratio").put(stands.left, name)
            for window, rate in stands.burn.items():
                if rate is not None:
                    to("agent2_slo_burn_rate").put(rate, name, window)

    def _look(self, db: Database, now: float) -> list[tuple[str, Objective, Budget]]:
        found = []
        try:
            plan = stored.load(self._path)
            self.blackbox = plan.metrics.get("compat") == "blackbox"
            for one in plan.targets:
                promise = slo.from_tree(one.slo)
                if promise is not None:
                    hold = trusted(one.interval, one.timeout)
                    stands = reporting.stand(db, one.name, promise, now, hold)
                    found.append((one.name, promise, stands))
        except (stored.PlanError, TypeError, ValueError):
            return []  # no plan: nothing was promised
        return found
