"""The ``events`` section of the compiled configuration: inbox, policies, redlines."""

from __future__ import annotations

import re
import time

from agent2.core.rules import fits
from agent2.core.shape import sound
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MODES = ("interactive", "assisted", "autonomous")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = "|".join(DAYS)
# Compiled when one is read: most have none, and it takes half a millisecond.
_WINDOW = (
    rf"(?i)(?:({_DAY})(?:-({_DAY}))? )?"
    r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)"
)


@value
class RulePlan:
    """A policy written as a rule: every condition of *when* holds -> *then*.

    Attributes:
        event: An event type, ``PREFIX*``, ``*SUFFIX`` or ``*``.
        when: ``(field, operator, value)`` each; see ``core.rules``.
        then: A ruling's word: allow, pause, block, retry, require_review.
    """

    name: str
    event: str
    when: tuple[tuple[str, str, Any], ...]
    then: str
    reason: str


@value
class PollPlan:
    """A place that is looked at for events every ``poll_interval``.

    Attributes:
        kind: ``table`` (of an SQLite file at *path*) or ``folder`` (of JSON files).
        columns: For a table: which column is ``id``, ``type``, ``subject``, ``at``,
            ``payload``.
    """

    name: str
    kind: str
    path: str
    table: str
    columns: dict[str, str]


@value
class EventsPlan:
    """How events are taken, judged and kept. Durations are seconds.

    Attributes:
        resident: The supervisor stays, and looks at inbox and sources by itself.
        lease: A batch whose taker died is taken again after this time.
        commands: Programs that a restart may run; empty: all.
        frozen: Windows of local time, ``fri 22:00-06:00``, in which nothing restarts.
    """

    enabled: bool = True
    resident: bool = False
    batch_size: int = 50
    poll_interval: float = 10.0
    lease: float = 30.0
    max_retries: int = 3
    policy_timeout: float = 1.0
    mode: str = "assisted"
    commands: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    polling: tuple[PollPlan, ...] = ()
    rules: tuple[RulePlan, ...] = ()


def from_tree(tree: dict[str, Any]) -> EventsPlan:
    """Return the section that the compiler wrote as *tree*; {} is the defaults.

    Raises:
        LookupError, TypeError, ValueError, AttributeError: it is of another format.
    """
    texts = {key: tuple(tree.get(key, ())) for key in ("commands", "frozen")}
    rules = (_rule(each) for each in tree.get("rules", ()))
    polling = (sound(PollPlan(**each)) for each in tree.get("polling", ()))
    made = EventsPlan(
        **tree | texts | {"rules": tuple(rules), "polling": tuple(polling)}
    )
    if made.mode not in MODES or made.batch_size < 1 or not made.poll_interval > 0.0:
        raise ValueError("the section events holds what no compiler wrote")
    return sound(made)


def _rule(tree: dict[str, Any]) -> RulePlan:
    when = tuple((str(f), str(op), wanted) for f, op, wanted in tree["when"])
    return sound(RulePlan(**tree | {"when": when}))


def is_asked_elsewhere(plan: EventsPlan, type: str) -> bool:  # noqa: A002
    """Must the supervisor judge our own events of *type*?

    There are rules for it, or it stays anyway, and knows policies of other packages.
    """
    return plan.enabled and (
        plan.resident or any(fits(rule.event, type) for rule in plan.rules)
    )


def is_window(text: str) -> bool:
    """Is *text* a window such as ``22:00-06:00`` or ``Mon-Fri 09:00-17:00``?"""
    return re.fullmatch(_WINDOW, text) is not None


def frozen_by(windows: Iterable[str], at: float) -> str:
    """Return the window in which the wall clock time *at* lies; "" for none.

    A window over midnight belongs to the day on which it begins; local time counts.
    """
    now = time.localtime(at)
    minute = now.tm_hour * 60 + now.tm_min
    return next((w for w in windows if _holds(w, now.tm_wday, minute)), "")


def _holds(window: str, day: int, minute: int) -> bool:
    found = re.fullmatch(_WINDOW, window)
    if found is None:
        return False
    first, last, *clock = found.groups()
    hours = [int(part) for part in clock]
    begin, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
    if begin < end:
        return _on(first, last, day) and begin <= minute < end
    late = minute >= begin and _on(first, last, day)
    return late or (minute < end and _on(first, last, (day - 1) % 7))


def _on(first: str | None, last: str | None, day: int) -> bool:
    if first is None:
        return True
    begin = DAYS.index(first.lower())
    end = DAYS.index((last or first).lower())
    return (day - begin) % 7 <= (end - begin) % 7
