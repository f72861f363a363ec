"""What people should hear of: a store too large, a silent source, a missing backup.

Each look returns the trouble in one line, "" for none, None where it cannot be said.
"""

from __future__ import annotations

import os

from agent2.store import copies, meta, sets, sources, upkeep
from agent2.store.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.plan.store import StorePlan
    from agent2.store.database import Database

_SINCE = "care.backups.since"
_PROVED = "care.backups.proved"


class Doubts:
    """The looks at one store. *now* is epoch seconds."""

    def __init__(
        self, db: Database, plan: StorePlan, state_dir: str, now: float
    ) -> None:
        self._db = db
        self._plan = plan
        self._folder = plan.backup_folder or os.path.join(state_dir, "backups")
        self._now = now

    def all(self) -> tuple[tuple[str, Callable[[], str | None]], ...]:
        """Return each kind of alarm and its look."""
        return (
            ("size", self.size),
            ("source", self.source),
            ("backup_age", self.backup_age),
        )

    def size(self) -> str | None:
        """Is the store larger than it should be?"""
        limit, found = self._plan.alert_size, upkeep.size(self._db)
        if not limit or found <= limit:
            return ""
        return f"{_mib(found)} (store.alert_size: {_mib(limit)})"

    def source(self) -> str | None:
        """Are events only polled any more, that were pushed before?"""
        span = self._plan.push_silence
        if not span:
            return ""
        found = sources.silence(self._db, self._now, span)
        if found.quiet_s is not None and found.quiet_s <= span:
            return ""
        if not found.polled:
            return None  # nobody has anything to tell: neither way is tried
        if found.quiet_s is None:  # never used, or so long ago that all of it is gone
            return None
        return (
            f"no event was pushed for {found.quiet_s / 60:.0f} min,"
            f" {found.polled} were polled in the last {span / 60:g} min"
        )

    def backup_age(self) -> str | None:
        """Is the newest good set or copy too old?"""
        limit = self._plan.backup_age
        if not limit:
            return ""
        newest = self._newest()
        age = self._now - (newest or self._since())
        if age <= limit:
            return ""
        what = (
            f"the newest good one is {age / 3600:.1f} h old" if newest else "none yet"
        )
        return f"{what} (store.backup_age {limit / 3600:g} h): {self._folder}"

    def _newest(self) -> float:
        """Return when the newest good set or copy was made, 0.0 for none."""
        found = []
        for path in (*sets.listing(self._folder), *copies.listing(self._folder)):
            facts = os.stat(path)
            found.append((facts.st_mtime, facts.st_ino, path))
        for made, inode, path in sorted(found, reverse=True):
            if self._proved(path, f"{made!r} {inode} {path}"):
                return made
        return 0.0

    def _proved(self, path: str, mark: str) -> bool:
        """Is it good? What was found good is believed until another one is newer."""
        if meta.get(self._db, _PROVED) == mark:
            return True
        try:
            sets.verify(path) if os.path.isdir(path) else copies.verify(path)
        except (sets.BadSetError, StoreError, OSError):
            return False
        with self._db.transaction() as tx:
            meta.put(tx, _PROVED, mark)
        return True

    def _since(self) -> float:
        """Return since when backups are waited for."""
        known = meta.get(self._db, _SINCE)
        if known is None:
            with self._db.transaction() as tx:
                meta.put(tx, _SINCE, repr(self._now))
            return self._now
        return float(known)


def _mib(size: int) -> str:
    return f"{size / (1 << 20):.1f} MiB"
