"""Deliveries by their number: which came to an end, and when."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store.rows import reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database


@value
class Outcome:
    """One delivery as it stands; times are steady epoch seconds.

    Attributes:
        seq: Grows by each delivery that is queued.
        state: ``pending``, ``sending``, ``delivered``, ``dead``, ``superseded``.
        failed_at: When the newest failed attempt was, with its cause and detail.
        finished_at: When it came to its end; None before.
    """

    seq: int
    id: str
    notifier: str
    incident: str
    state: str
    attempts: int
    cause: str
    detail: str
    created_at: float
    failed_at: float | None
    finished_at: float | None


_SELECT = (
    "SELECT seq, id, notifier, incident, state, attempts, coalesce(cause, ''),"
    " detail, created_at, failed_at, finished_at FROM deliveries "
)

_outcome = reader(Outcome, seq=int)


def after(db: Database, seq: int, limit: int) -> list[Outcome]:
    """Return up to *limit* deliveries that were queued after number *seq*, in order."""
    rows = db.rows(f"{_SELECT} WHERE seq > ? ORDER BY seq LIMIT ?", (seq, limit))
    return [_outcome(row) for row in rows]


def of_incident(db: Database, incident: str, limit: int = 1000) -> list[Outcome]:
    """Return the oldest *limit* deliveries of one incident, in order."""
    rows = db.rows(
        f"{_SELECT} WHERE incident = ? ORDER BY seq LIMIT ?", (incident, limit)
    )
    return [_outcome(row) for row in rows]


def last(db: Database) -> int:
    """Return the number of the newest delivery, 0 if there is none."""
    return int(db.rows("SELECT coalesce(max(seq), 0) FROM deliveries")[0][0])
