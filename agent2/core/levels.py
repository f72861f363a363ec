"""How bad the numbers of the inbox are (the limits are those of the documents)."""

from __future__ import annotations

from enum import Enum


class Grade(Enum):
    """How bad a number is."""

    NORMAL = "normal"
    WARNING = "warning"
    CRITICAL = "critical"


_ORDER = (Grade.NORMAL, Grade.WARNING, Grade.CRITICAL)


def backlog_level(pending: int) -> Grade:
    """Return the grade of a number of waiting events: from 10, above 50."""
    return _grade(pending, 10, 50)


def lag_level(oldest_s: float | None) -> Grade:
    """Return the grade of the age of the oldest waiting event: from 5 s, above 30 s."""
    return _grade(oldest_s or 0.0, 5.0, 30.0)


def failed_level(share: float) -> Grade:
    """Return the grade of the share of failed events: from 1 %, above 5 %."""
    return _grade(share, 0.01, 0.05)


def failed_share(failed: int, total: int) -> float:
    """Return the share of failed events, 0 of none."""
    return failed / total if total > 0 else 0.0


def worst(*grades: Grade) -> Grade:
    """Return the worst of *grades*, NORMAL of none."""
    return max(grades, key=_ORDER.index, default=Grade.NORMAL)


def _grade(number: float, warning: float, critical: float) -> Grade:
    if number > critical:
        return Grade.CRITICAL
    return Grade.WARNING if number >= warning else Grade.NORMAL
