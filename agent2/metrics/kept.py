"""What one scrape leaves to the next: of what did not change nothing is made anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.metrics.lines import Lines
from agent2.metrics.ran import Ran
from agent2.metrics.targets import targets
from agent2.store.tallies import Counted
from agent2.wire import snapshot

if TYPE_CHECKING:
    from agent2.metrics.family import Families
    from agent2.metrics.watch import Watch
    from agent2.store.database import Database
    from agent2.store.tallies import Totals
    from agent2.wire.snapshot import Snapshot


class Kept:
    """The status and the counts as they were last; for one scrape at a time."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._counted, self._lines = Counted(), Lines()
        self._read: Snapshot | None = None
        self._targets: tuple[Snapshot, Families, Watch] | None = None
        self._ran: tuple[int, Watch, Ran] | None = None

    def look(self, state_dir: str) -> Snapshot:
        """Return the status as it is now."""
        self._read = snapshot.read(
            state_dir, shown=False, before=self._read, parse=self._lines.parse
        )
        return self._read

    def targets(self, to: Families, seen: Snapshot) -> Watch:
        """Put what *seen* tells of the targets."""
        kept = self._targets
        if not kept or kept[0].tree is not seen.tree or kept[0].fresh != seen.fresh:
            kept = self._targets = (seen, *targets(seen))
        to.take(kept[1])
        return kept[2]

    def ran(self, to: Families, db: Database, watch: Watch) -> tuple[Ran, Totals]:
        """Put what the counts say of checks and incidents; return them all.

        Raises:
            StoreError: the store cannot be read.
        """
        counted, kept = self._counted, self._ran
        counted.look(db)
        if not kept or kept[0] != counted.version or kept[1] is not watch:
            kept = self._ran = (
                counted.version,
                watch,
                Ran(counted, watch, kept and kept[2]),
            )
        to.take(kept[2].told)
        return kept[2], counted.totals
