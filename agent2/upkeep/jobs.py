"""The jobs, each done when it is due; one that fails does not stop the others.

When a job was done last stands in the store, so cron, timers, people and this program
never do it twice.
"""

from __future__ import annotations

from agent2 import alarms
from agent2.core.uptime import trusted
from agent2.core.value import value
from agent2.plan.events import frozen_by
from agent2.store import archive, capacity, cleanup, events, rollup, upkeep
from agent2.store.errors import StoreError
from agent2.upkeep import doubts
from agent2.upkeep.advice import scale_recommended

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.plan.values import Plan
    from agent2.store.database import Database

_DAY = 23.5 * 3600.0  # asked each hour, a day must not become 25 hours
_DAY_S = 86400.0


@value
class Round:
    """What one round did.

    Attributes:
        did: A line for each job that was done.
        failed: Per job why it could not be done.
        said: Level and text of what people were told, or that it is over.
        spare: Bytes that a VACUUM would give back now; 0 where it is not the time.
    """

    did: tuple[str, ...]
    failed: dict[str, str]
    said: tuple[tuple[str, str], ...]
    spare: int


class Jobs:
    """One round over the open store. *now* is epoch seconds, *steady* steady ones."""

    def __init__(
        self, db: Database, plan: Plan, state_dir: str, now: float, steady: float
    ) -> None:
        self._db = db
        self._plan = plan
        self._state_dir = state_dir
        self._now = now
        self._steady = steady
        self._did: list[str] = []
        self._failed: dict[str, str] = {}
        self._said: list[tuple[str, str]] = []

    def round(self) -> Round:
        """Do what is due. Never raises for the store: see ``failed``."""
        self._try("archive", self._archive)
        self._try("cleanup", self._clean)
        self._try("history", self._roll)
        self._try("check", self._check)
        self._try("capacity", self._capacity)
        doubt = doubts.Doubts(self._db, self._plan.store, self._state_dir, self._now)
        for job, look in doubt.all():
            self._try(job, lambda job=job, look=look: self._tell(job, look()))  # type: ignore[misc]
        spare = 0
        windows = self._plan.store.vacuum
        if frozen_by(windows, self._now):
            spare = upkeep.spare(self._db)
        return Round(tuple(self._did), self._failed, tuple(self._said), spare)

    def _try(self, job: str, work: Callable[[], None]) -> None:
        try:
            work()
        except StoreError as error:
            self._failed[job] = str(error)
        except OSError as error:
            self._failed[job] = f"{error.filename or '?'}: {error.strerror}"

    def _archive(self) -> None:
        if archive.add(self._db, self._now):
            self._did.append("archive: the row of this hour")

    def _roll(self) -> None:
        holds = {t.name: trusted(t.interval, t.timeout) for t in self._plan.targets}
        found = rollup.roll(self._db, self._steady, holds)
        if found.rows or found.gone:
            self._did.append(
                f"history: {found.rows} rows into {found.buckets} buckets,"
                f" {found.gone} too old"
            )

    def _clean(self) -> None:
        if not upkeep.due(self._db, "cleanup", self._now, _DAY):
            return
        kept = self._plan.store
        gone = cleanup.clean(
            self._db,
            self._now,
            kept.keep_events / _DAY_S,
            kept.keep_audits / _DAY_S,
        )
        upkeep.done(self._db, "cleanup", self._now)
        self._did.append(f"cleanup: {gone.events} events, {gone.audits} audits")

    def _check(self) -> None:
        if not upkeep.due(self._db, "check", self._now, _DAY):
            return
        found = upkeep.check(self._db)
        self._tell("check", found[0] if found else "")
        upkeep.done(self._db, "check", self._now)
        self._did.append(f"check: {found[0] if found else 'ok'}")

    def _capacity(self) -> None:
        """Tell once a day what will be too much in a week: it reads all series."""
        if not upkeep.due(self._db, "capacity", self._now, _DAY):
            return
        found = capacity.scarce(self._db)
        told = [
            f"{of.target}: {capacity.warning(one)}"
            for of, much in found
            for one in much
        ]
        self._tell("capacity", " ".join(told))
        advice = [scale_recommended(of, much, self._now) for of, much in found]
        with self._db.transaction() as tx:
            events.add(tx, advice, self._now)
        upkeep.done(self._db, "capacity", self._now)
        if told:
            self._did.append(f"capacity: {len(told)} warnings")

    def _tell(self, job: str, trouble: str | None) -> None:
        """Tell people of *trouble* when it begins and ends; None: it cannot be said."""
        if trouble is None:
            return
        news = alarms.tell(
            self._db, self._plan, self._state_dir, job, trouble, self._steady
        )
        if news and trouble:
            self._said.append(("WARNING", news))
        elif news:
            self._said.append(("INFO", f"RESOLVED: {news}"))
