"""An alert that reached nobody, as an event in the transaction of its end."""

from __future__ import annotations

from agent2.core.builtin import failed
from agent2.core.events import Event
from agent2.core.standing import Standing
from agent2.store.own_events import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection

    from agent2.core.message import Delivery

KIND = "ALERT_FAILED"


def lost(dead: Delivery, at: float, *, pass_on: bool) -> Callable[[Connection], None]:
    """Return the write that tells that *dead* was given up at *at* (wall time).

    *pass_on*: rules or policies of others have something to say of it.
    """
    alert = dead.alert
    about = {
        "notifier": dead.notifier,
        "delivery": dead.id,
        "alert": alert.id,
        "kind": alert.kind.value,
        "incident": alert.incident,
        "error_type": "unknown" if dead.cause is None else dead.cause.value,
        "error_message": dead.detail,
        "retry_count": dead.attempts,
    }
    # A person may have it sent again, and it may be given up again.
    key = f"ev-{dead.id}/dead/{dead.attempts}"
    event = Event(key, "courier", alert.target or "agent2", KIND, at, about)
    standing = Standing(at, max_retries=0)
    return lambda tx: tell(tx, event, failed, standing, pass_on=pass_on)
