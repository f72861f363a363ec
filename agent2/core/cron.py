"""When a cron expression comes due, in a zone whose clock is changed twice a year.

Five fields (minute, hour, day, month, weekday) with lists, ranges, steps and names,
or ``@hourly``, ``@daily``, ``@midnight``, ``@weekly``, ``@monthly``, ``@yearly``. As in
Vixie cron a day is one that day *or* weekday names when neither begins with ``*``. A
time named by hour and minute comes once a day whatever the clocks do: one in the hour
that is skipped comes when the old clock would have shown it, one in the hour that is
there twice comes in the first. Where hour or minute begins with ``*`` every real
moment that shows such a time counts.
"""

from __future__ import annotations

import re

from agent2.core import civil
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    # Epoch seconds -> seconds that local clocks are ahead of UTC then.
    Offset: TypeAlias = Callable[[float], int]

_DAY = 86400
_FAR = 41 * 366  # days: a Sunday, February 29 is forty years away around 2100
_NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_MONTHS = [
    "jan", "feb", "mar", "apr", "may", "jun",
    "jul", "aug", "sep", "oct", "nov", "dec",
]  # fmt: skip
_WEEKDAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[str, int, int, list[str]], ...] = (
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day", 1, 31, []),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _WEEKDAYS),
)
_PART = re.compile(r"(\*|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:/([0-9]{1,3}))?", re.ASCII)


class CronError(ValueError):
    """The expression is none, or one that never comes; the text says why."""


@value
class Schedule:
    """A parsed expression.

    Attributes:
        times: Seconds of the day, ascending.
        either: A day is named by ``days`` or by ``weekdays``; else by both.
        real: Every real moment that shows such a time counts (``*`` in its fields).
    """

    times: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool
    real: bool


def parse(text: str) -> Schedule:
    """Return the schedule of *text*.

    Raises:
        CronError: it cannot be read, or no day ever matches.
    """
    words = text.strip().lower()
    if words.startswith("@") and words not in _NAMED:
        raise CronError(f"{words} is none of {', '.join(_NAMED)}")
    parts = _NAMED.get(words, words).split()
    if len(parts) != len(_FIELDS):
        raise CronError(f"has {len(parts)} fields, not 5")
    minutes, hours, days, months, weekdays = (
        _field(part, *field) for part, field in zip(parts, _FIELDS, strict=True)
    )
    made = Schedule(
        tuple(h * 3600 + m * 60 for h in sorted(hours) for m in sorted(minutes)),
        days,
        months,
        frozenset(day % 7 for day in weekdays),
        not (parts[2].startswith("*") or parts[4].startswith("*")),
        parts[0].startswith("*") or parts[1].startswith("*"),
    )
    if not any(_names(made, day) for day in range(_FAR)):
        raise CronError("names a day that no year has")
    return made


def _field(
    text: str, name: str, low: int, high: int, names: list[str]
) -> frozenset[int]:
    found: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise CronError(f"{name}: {part!r} is no number, range or step")
        first, last = low, min(high, 6) if name == "weekday" else high
        if match[2]:
            first = last = _number(match[2], name, low, names)
            if match[3]:
                last = _number(match[3], name, low, names)
            elif match[4]:
                last = high
        if not low <= first <= last <= high:
            raise CronError(f"{name}: {part!r} is not within {low} to {high}")
        step = int(match[4] or 1)
        if not step:
            raise CronError(f"{name}: a step of 0")
        found.update(range(first, last + 1, step))
    return frozenset(found)


def _number(text: str, name: str, low: int, names: list[str]) -> int:
    if text in names:
        return names.index(text) + low
    if not text.isdecimal() or len(text) > 3:
        raise CronError(f"{name}: {text!r} is no number or name")
    return int(text)


def after(schedule: Schedule, now: float, offset: Offset) -> float:
    """Return the first moment after *now* at which *schedule* is due.

    Raises:
        CronError: there is none: the zone jumps over all of them.
    """
    today = int(now + offset(now)) // _DAY
    for day in range(today - 1, today + _FAR):
        if any(at > now for at in _moments(schedule, day, offset)):
            # What is skipped at midnight may come after the first of the next day.
            both = (
                *_moments(schedule, day, offset),
                *_moments(schedule, day + 1, offset),
            )
            return min(at for at in both if at > now)
    raise CronError("is never due")


def before(schedule: Schedule, now: float, offset: Offset) -> float:
    """Return the last moment up to *now* at which *schedule* was due.

    Raises:
        CronError: there was none.
    """
    today = int(now + offset(now)) // _DAY
    for day in range(today + 1, today - _FAR, -1):
        if any(at <= now for at in _moments(schedule, day, offset)):
            both = (
                *_moments(schedule, day, offset),
                *_moments(schedule, day - 1, offset),
            )
            return max(at for at in both if at <= now)
    raise CronError("was never due")


def _names(schedule: Schedule, day: int) -> bool:
    _, month, of_month = civil.date(day)
    if month not in schedule.months:
        return False
    dated = of_month in schedule.days
    named = civil.weekday(day) in schedule.weekdays
    return (dated or named) if schedule.either else (dated and named)


def _moments(schedule: Schedule, day: int, offset: Offset) -> list[float]:
    """Return when the times of the local *day* are, as epoch seconds."""
    if not _names(schedule, day):
        return []
    start = day * _DAY
    old, new = offset(start - _DAY), offset(start + 2 * _DAY)
    if old == new:
        return [float(start - old + time) for time in schedule.times]
    found: list[float] = []
    for time in schedule.times:
        shown = start + time
        there = sorted(
            {a for a in (shown - old, shown - new) if offset(a) == shown - a}
        )
        if not schedule.real:
            there = there[:1] or [shown - old]
        found += map(float, there)
    return found
