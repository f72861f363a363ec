"""Looking at the outbox: how much waits, since when, and what went wrong."""

from __future__ import annotations

from agent2.core.message import Cause, Delivery, DeliveryState
from agent2.core.value import value
from agent2.store.codec import dump, maybe_number, member, number
from agent2.store.deliveries import COLUMNS, UNFINISHED, from_row
from agent2.store.pauses import paused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent2.store.database import Database


@value
class NotifierCount:
    """How one notifier stands.

    Attributes:
        pending: Rows not yet sent, those just being sent among them.
        oldest_pending_at: When the oldest of them was queued.
        delivered: Proved rows that are still in the record.
        last_error: Cause, detail and time of the newest failed attempt.
    """

    pending: int = 0
    oldest_pending_at: float | None = None
    dead: int = 0
    delivered: int = 0
    last_success_at: float | None = None
    last_error: tuple[Cause, str, float] | None = None


_SELECT = f"SELECT {COLUMNS} FROM deliveries "  # noqa: S608  (our own names)


def get(db: Database, delivery_id: str) -> Delivery | None:
    """Return one row by its id."""
    rows = db.rows(_SELECT + "WHERE id = ?", (delivery_id,))
    return from_row(rows[0]) if rows else None


def listing(
    db: Database,
    states: Iterable[DeliveryState] | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[Delivery]:
    """Return the newest *limit* rows (in one of *states*), oldest first.

    With *before* only those with a smaller ``seq``: the page before that one.
    """
    chosen = None if states is None else dump([state.value for state in states])
    rows = db.rows(
        f"{_SELECT}"  # noqa: S608
        "WHERE (?1 IS NULL OR state IN (SELECT value FROM json_each(?1)))"
        " AND (?3 IS NULL OR seq < ?3) ORDER BY seq DESC LIMIT ?2",
        (chosen, limit, before),
    )
    return [from_row(row) for row in reversed(rows)]


def of_incident(db: Database, incident: str, limit: int = 1000) -> list[Delivery]:
    """Return the newest *limit* rows of one incident, oldest first."""
    rows = db.rows(
        f"{_SELECT} WHERE incident = ? ORDER BY seq DESC LIMIT ?", (incident, limit)
    )
    return [from_row(row) for row in reversed(rows)]


def pending_group(db: Database, notifier: str, incident: str) -> list[Delivery]:
    """Return the unfinished rows of one (incident, notifier), in order of sending."""
    rows = db.rows(
        f"{_SELECT} WHERE {UNFINISHED} AND notifier = ? AND incident = ? ORDER BY seq",
        (notifier, incident),
    )
    return [from_row(row) for row in rows]


def next_due(db: Database) -> float | None:
    """Return when the next row can be leased, or None if nothing waits.

    A pause counts, a lease counts until its end. Do not sleep for longer than some
    minutes on its word: the clock may have been set since it was written.
    """
    resting = paused(db)
    rows = db.rows(
        "SELECT notifier, min(CASE state WHEN 'pending' THEN next_at"  # noqa: S608
        f" ELSE lease_until END) FROM deliveries AS d WHERE {UNFINISHED}"
        " AND NOT EXISTS (SELECT 1 FROM deliveries AS e"
        " WHERE e.notifier = d.notifier AND e.incident = d.incident"
        " AND e.seq < d.seq AND e.state IN ('pending', 'sending'))"
        " GROUP BY notifier"
    )
    times = [max(number(at), resting.get(str(name), 0.0)) for name, at in rows]
    return min(times, default=None)


def counts(db: Database) -> dict[str, NotifierCount]:
    """Return how each notifier that ever had a row stands."""
    found: dict[str, dict[str, tuple[int, float | None, float | None]]] = {}
    rows = db.rows(
        "SELECT notifier, state, count(*), min(created_at), max(finished_at)"
        " FROM deliveries GROUP BY notifier, state"
    )
    for notifier, state, many, oldest, newest in rows:
        found.setdefault(str(notifier), {})[str(state)] = (many, oldest, newest)
    return {
        notifier: _count(states, _last_error(db, notifier))
        for notifier, states in found.items()
    }


def _count(
    states: dict[str, tuple[int, float | None, float | None]],
    error: tuple[Cause, str, float] | None,
) -> NotifierCount:
    none = (0, None, None)
    waiting = [states[state] for state in ("pending", "sending") if state in states]
    done = states.get("delivered", none)
    return NotifierCount(
        pending=sum(many for many, _, _ in waiting),
        oldest_pending_at=min((number(at) for _, at, _ in waiting), default=None),
        dead=states.get("dead", none)[0],
        delivered=done[0],
        last_success_at=maybe_number(done[2]),
        last_error=error,
    )


def _last_error(db: Database, notifier: str) -> tuple[Cause, str, float] | None:
    rows = db.rows(
        "SELECT cause, detail, failed_at FROM deliveries"
        " WHERE notifier = ? AND failed_at IS NOT NULL"
        " ORDER BY failed_at DESC LIMIT 1",
        (notifier,),
    )
    if not rows:
        return None
    cause, detail, at = rows[0]
    return member(Cause, cause, Cause.UNKNOWN), str(detail), number(at)
