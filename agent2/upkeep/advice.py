"""What Agent2 would do about a machine and does not: it is told as an event.

Nothing is scaled by default. A policy of the user's may make a gate of it.
"""

from __future__ import annotations

from agent2.core.events import Event
from agent2.store.capacity import DAYS, LIMIT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.capacity import Machine, Outlook

SCALE_RECOMMENDED = "SCALE_RECOMMENDED"
_DAY_S = 86400.0


def scale_recommended(of: Machine, scarce: list[Outlook], now: float) -> Event:
    """Return the advice of this day for a machine; *now* is epoch seconds.

    The amounts are percent; ``full_at`` is epoch seconds, None where it never is.
    """
    about = {
        "check": of.check,
        "limit": LIMIT,
        "days": DAYS,
        "resources": [
            {
                "name": one.name,
                "current": round(one.found.current, 2),
                "predicted": round(one.found.predicted, 2),
                "per_day": round(one.found.per_day, 3),
                "full_at": one.found.full_at,
            }
            for one in scarce
        ],
    }
    key = f"ev-scale-{of.target}/{of.check}@{int(now // _DAY_S)}"
    return Event(key, "upkeep", of.target, SCALE_RECOMMENDED, now, about)
