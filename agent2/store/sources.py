"""Do events still come the way in which they used to?"""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

# Both walk the index of received_at; pushed events are most of a healthy inbox.
_LAST_PUSH = (
    "SELECT received_at FROM supervisor_inbox WHERE source = 'eventbus'"
    " ORDER BY received_at DESC LIMIT 1"
)
_POLLED = (
    "SELECT count(*) FROM supervisor_inbox"
    " WHERE received_at >= ? AND source = 'polling'"
)


@value
class Silence:
    """*quiet_s* since the last push (None: there was none); *polled* in the span."""

    quiet_s: float | None
    polled: int


def silence(db: Database, now: float, span: float) -> Silence:
    """Return how long nothing was pushed, and what was polled in the last *span* s."""
    polled = int(db.rows(_POLLED, (utc.text(now - span),))[0][0])
    last = db.rows(_LAST_PUSH)
    at = utc.seconds(last[0][0]) if last else None
    return Silence(None if at is None else max(now - at, 0.0), polled)
