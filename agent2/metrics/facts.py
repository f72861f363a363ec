"""What metrics tell of one target, out of its entry of the status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent2.wire.snapshot import objects

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Facts:
    """One target; what is missing or no number is None.

    Attributes:
        left: Restarts that may still be asked for; None if it never is.
        checks: Their names.
        at: When they ran last, RFC 3339.
        took: How long each took: seconds, or the digits of them.
        answered: How long the last answer took; the same.
        figures: Check, name and amount of what was measured; the same.
    """

    name: str
    state: object
    paused: int
    flapping: int
    failures: Any
    left: int | None
    checks: list[str]
    at: object
    took: list[Any]
    answered: Any
    figures: list[tuple[str, str, Any]]


def facts(entry: Mapping[str, Any]) -> Facts:
    """Return what *entry* tells, whatever a foreign hand wrote there."""
    checks, answered = objects(entry.get("checks")), None
    names = [str(each.get("name")) for each in checks]
    figures: list[tuple[str, str, Any]] = []
    for name, each in zip(names, checks, strict=True):
        answered = each.get("response_s", answered)
        measured = each.get("figures")
        if isinstance(measured, dict):
            found = ((name, str(key), number(n)) for key, n in measured.items())
            figures += [one for one in found if one[2] is not None]
    return Facts(
        name=str(entry.get("name")),
        state=entry.get("state"),
        paused=int(entry.get("paused") is True),
        flapping=int(entry.get("flapping") is True),
        failures=number(entry.get("consecutive_failures")),
        left=_left(entry.get("restarts")),
        checks=names,
        at=entry.get("last_check"),
        took=[number(each.get("duration_s")) for each in checks],
        answered=number(answered),
        figures=figures,
    )


def number(value: object) -> float | None:
    """Return *value* if it is a number; a truth value is none."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None  # type: ignore[return-value]


def _left(restarts: object) -> int | None:
    if not isinstance(restarts, dict) or not restarts.get("enabled"):
        return None
    limit, used = restarts.get("limit"), restarts.get("used")
    is_told = isinstance(limit, int) and isinstance(used, int)
    return max(limit - used, 0) if is_told else None  # type: ignore[operator]
