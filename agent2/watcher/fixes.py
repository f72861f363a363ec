"""The last actions in memory, newest last: what the status shows as its fix list."""

from __future__ import annotations

from collections import deque

from agent2.core.value import replace
from agent2.store import actions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable
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
        self._shown: dict[str, int] = {}

    def restore(self, rows: Iterable[ActionRow], total: int) -> None:
        """Put the stored rows before those that came in meanwhile."""
        newer = list(self.rows)
        known = {row.id for row in newer}
        rows = list(rows)
        self._shown |= {row.id: 0 for row in rows}  # an earlier run has shown them
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

    def shown(self, seq: int) -> list[ActionRow]:
        """Return the rows to publish as status *seq*; remember which is new there."""
        self._shown = {row.id: self._shown.get(row.id, seq) for row in self.rows}
        return list(self.rows)

    def keep_only(self, ids: Container[str], seq: int | None) -> list[str]:
        """Adopt an edit of status *seq*: hide what was in it and is not in *ids*.

        What came in later stays, however long the editor took: it never saw that.
        Without a *seq* the edit counts for all that was shown.
        """
        gone = [
            row.id
            for row in self.rows
            if row.id not in ids
            and row.id in self._shown
            and (seq is None or self._shown[row.id] <= seq)
        ]
        self.rows = deque((r for r in self.rows if r.id not in gone), maxlen=LIMIT)
        return gone


def hide(ids: list[str]):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Return the write that hides *ids* for good."""

    def inside(tx: Connection) -> None:
        actions.hide(tx, ids)

    return inside
