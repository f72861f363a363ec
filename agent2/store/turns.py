"""Whose turn it is in the inbox: when the next event is due, whose claims are void."""

from __future__ import annotations

from agent2.store import utc
from agent2.store.claims import OPEN, void

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database


def next_due(db: Database) -> float | None:
    """Return when the next event is due, epoch seconds (0: now); None: never.

    Raises:
        StoreError: the store cannot be read.
    """
    sql = f"""SELECT min(CASE WHEN status = 'processing' THEN lease_until
            ELSE coalesce(next_at, '') END)
        FROM supervisor_inbox INDEXED BY supervisor_inbox_queue WHERE {OPEN}"""  # noqa: S608
    found = db.rows(sql)[0][0]
    return None if found is None else utc.seconds(found) or 0.0


def give_back(db: Database, owner: str) -> int:
    """Give back what processors are said to hold whose name begins with *owner*.

    For the one that knows that none of them lives. Returns how many events it were.

    Raises:
        StoreError: the store cannot be written.
    """
    return void(db, "status = 'processing' AND owner GLOB ?", (f"{owner}*",))
