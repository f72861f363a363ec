"""What was promised of a target, how much allowed trouble is left, how fast it goes.

Burn rates over several windows are those of Google's SRE workbook, chapter 5.
Only what was judged is held against the promise: time that nobody looked at is no
outage, and no proof of health either; the share that was judged stands beside it.
"""

from __future__ import annotations

from agent2.core.shape import sound
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

HOUR = 3600.0
DAY = 86400.0
# Window, the short one that shows it still goes on, least rate, what it asks for.
ALARMS = (
    (HOUR, HOUR / 12, 14.4, "page"),
    (6 * HOUR, HOUR / 2, 6.0, "page"),
    (3 * DAY, 6 * HOUR, 1.0, "ticket"),
)
WINDOWS = {"1h": HOUR, "6h": 6 * HOUR, "3d": 3 * DAY}


@value
class Objective:
    """What is promised: *objective* percent (below 100) of *window* seconds up.

    *latency*: and that share of answers within so many seconds; 0.0: not promised.
    """

    objective: float = 99.9
    window: float = 30 * DAY
    latency: float = 0.0


def from_tree(tree: dict[str, float] | None) -> Objective | None:
    """Return the promise that the compiler wrote as *tree*, or None.

    Raises:
        TypeError, ValueError: it is of another format.
    """
    if tree is None:
        return None
    made = sound(Objective(**tree))
    if not (0.0 < made.objective < 100.0 and made.window > 0.0):
        raise ValueError("a promise holds what no compiler wrote")
    return made


@value
class Budget:
    """How the promise stands. Shares are 0 to 1; seconds; None: nothing to tell from.

    Attributes:
        allowed_s: How long the target may be down in the window.
        spent_s: How long it was.
        left: Share of the budget that is left; below 0.0 the promise is broken.
        burn: Per window name, how many times too fast the budget goes; 1.0 uses it
            up in just the window of the promise.
        alarm: ``page`` (go and look now), ``ticket`` (soon), or "".
        fast: Share of answers within the latency; None where it is not promised.
    """

    allowed_s: float
    spent_s: float
    left: float
    uptime: float | None
    judged: float
    burn: dict[str, float | None]
    alarm: str = ""
    fast: float | None = None


@value
class Seen:
    """What was seen in one window: seconds judged and seconds down of them."""

    judged_s: float
    down_s: float


def standing(
    promise: Objective, seen: Callable[[float], Seen], fast: float | None = None
) -> Budget:
    """Return how *promise* stands; *seen* tells of the last so many seconds."""
    share = (100.0 - promise.objective) / 100.0
    whole = seen(promise.window)
    allowed = share * promise.window
    up = 1.0 - whole.down_s / whole.judged_s if whole.judged_s else None
    return Budget(
        allowed_s=allowed,
        spent_s=whole.down_s,
        left=1.0 - whole.down_s / allowed,
        uptime=up,
        judged=min(whole.judged_s / promise.window, 1.0),
        burn={name: burn_rate(seen(s), share) for name, s in WINDOWS.items()},
        alarm=_alarm(seen, share),
        fast=fast,
    )


def burn_rate(seen: Seen, share: float) -> float | None:
    """Return how many times faster than allowed the budget goes; None: not judged."""
    if not seen.judged_s:
        return None
    return seen.down_s / seen.judged_s / share


def _alarm(seen: Callable[[float], Seen], share: float) -> str:
    for long, short, least, word in ALARMS:
        rates = (burn_rate(seen(long), share), burn_rate(seen(short), share))
        if all(rate is not None and rate >= least for rate in rates):
            return word
    return ""
