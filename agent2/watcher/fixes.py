"""The last actions in memory, newest last: what the status shows as its fix list."""

from __future__ import annotations

from collections import deque

from agent2.core.value import replace
from agent2.store import actions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Connection

    from agent2.core.model import ActionResult
    from agent2.store.actions import ActionRow

LIMIT = 50


class Fixes:
    """At most 50 rows; ``total`` counts all that ever were."""

    def __init__(self) -> None:
        """Begin empty; ``restore`` fills it from the store."""
        self.rows: deque[ActionRow] = deque(maxlen=LIMIT)
        self.total = 0
        self._shown: set[str] = set()

    def restore(self, rows: Iterable[ActionRow], total: int) -> None:
        """Put the stored rows before those that came in meanwhile."""
        newer = list(self.rows)
        known = {row.id for row in newer}
        self.rows = deque((r for r in rows if r.id not in known), maxlen=LIMIT)
        self.rows.extend(newer)
        self.total = max(total, len(self.rows))

    def add(self, row: ActionRow) -> None:
        """Append *row*."""
        self.rows.append(row)
        self.total += 1

    def settle(self, action: str, result: ActionResult) -> None:
        """Give an action its final result."""
        for index, row in enumerate(self.rows):
            if row.id == action:
                self.rows[index] = replace(row, result=result)

    def shown(self) -> list[ActionRow]:
        """Return the rows to publish, remembering that these were shown."""
        self._shown = {row.id for row in self.rows}
        return list(self.rows)

    def keep_only(self, ids: set[str]) -> list[str]:
        """Adopt an edit: hide what was shown and is not among *ids* any more.

        What came in since the last publication stays: the editor never saw it.
        """
        gone = [r.id for r in self.rows if r.id in self._shown and r.id not in ids]
        self.rows = deque((r for r in self.rows if r.id not in gone), maxlen=LIMIT)
        return gone


def hide(ids: list[str]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Return the write that hides *ids* for good."""

    def inside(tx: Connection) -> None:
        actions.hide(tx, ids)

    return inside
