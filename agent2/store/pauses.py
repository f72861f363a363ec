"""Receivers that asked for rest (Retry-After): nothing goes to them until then."""

from __future__ import annotations

from agent2.store import meta
from agent2.store.codec import number, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

_PREFIX = "pause/"


def pause(db: Database, notifier: str, until: float) -> None:
    """Let the receiver of *notifier* rest until *until*; 0 ends its rest."""
    key = plain(_PREFIX + notifier)
    with db.transaction() as tx:
        if until > 0:
            meta.put(tx, key, repr(float(until)))
        else:
            tx.execute("DELETE FROM meta WHERE key = ?", (key,))


def paused(db: Database) -> dict[str, float]:
    """Return until when each notifier rests; times that have passed may be among."""
    rows = db.rows(
        "SELECT key, value FROM meta WHERE key >= ? AND key < ?", (_PREFIX, "pause0")
    )
    return {str(key)[len(_PREFIX) :]: _seconds(text) for key, text in rows}


def _seconds(text: object) -> float:
    try:
        return number(float(str(text)))
    except ValueError:
        return 0.0
