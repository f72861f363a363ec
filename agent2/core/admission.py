"""Which events may come in: whoever sends one hears at once what is wrong with it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.core.events import Event

LONGEST = 255  # characters of an id, a subject, a type, a source
DEEPEST = 64  # SQLite's JSON functions end at 1000, people's patience earlier


def refusal(event: Event) -> str | None:
    """Return why *event* cannot come in, in words that name the field; None: it may."""
    for name in ("id", "subject", "type", "source"):
        flaw = _flaw(getattr(event, name))
        if flaw is not None:
            return f"{name} {flaw}"
    if not 0.0 <= event.at < 253_402_300_800.0:
        return "at is not a time between 1970 and 9999, in seconds"
    if not isinstance(event.payload, dict):
        return "payload is not a JSON object"
    if _is_deep(event.payload):
        return f"payload is nested deeper than {DEEPEST}"
    return None


def _flaw(text: object) -> str | None:
    if not isinstance(text, str) or not text:
        return "is missing"
    if len(text) > LONGEST:
        return f"is longer than {LONGEST} characters"
    # One event is one line of the log.
    return None if text.isprintable() else "has characters that cannot be printed"


def _is_deep(tree: Any) -> bool:
    level = [tree]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below.extend(one.values())
            elif isinstance(one, (list, tuple)):
                below.extend(one)
        if not below:
            return False
        level = below
    return any(isinstance(one, (dict, list, tuple)) for one in level)
