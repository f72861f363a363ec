"""Which events may come in: whoever sends one hears at once what is wrong with it.

The sender's time is shown and never steered by: order, waiting, clean-up go by the
time at which an event came in. So any time of the calendar is taken.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from agent2.core.events import Event

LONGEST = 255  # characters of an id, a subject, a type, a source
DEEPEST = 64  # SQLite's JSON functions end at 1000, people's patience earlier
LARGEST = 256 * 1024  # characters and values of a payload: a fact, not an archive
_BITS = 1024  # of a whole number: Python refuses to write one of 4301 figures
_SPAN = 253_402_300_800.0  # 1970 to the end of 9999
_EVERY = "*"
_CONTAINERS = (dict, list, tuple)
_SIZED = (*_CONTAINERS, str)
_LARGE = f"payload is larger than {LARGEST} characters and values"


def refusal(event: Event) -> str | None:
    """Return why *event* cannot come in, in words that name the field; None: it may.

    An id may be missing: it is made of the content.
    """
    for name in ("id", "subject", "type", "source"):
        text = getattr(event, name)
        flaw = None if name == "id" and text == "" else _flaw(text)
        if flaw is not None:
            return f"{name} {flaw}"
    if _EVERY in event.type:
        return "type has a *, which is for patterns"
    if event.subject == _EVERY:
        return "subject is *: only a command of a person speaks of all"
    at: object = event.at
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not 0 <= at < _SPAN:
        return "at is not a time between 1970 and 9999, in seconds"
    if not isinstance(event.payload, dict):
        return "payload is not a JSON object"
    return _too_much(event.payload)


def _flaw(text: object) -> str | None:
    if not isinstance(text, str) or not text:
        return "is missing"
    if len(text) > LONGEST:
        return f"is longer than {LONGEST} characters"
    # One event is one line of the log.
    return None if text.isprintable() else "has characters that cannot be printed"


def _too_much(payload: dict[str, Any]) -> str | None:
    """Return what of *payload* is beyond a limit; level by level, so it always ends."""
    level: list[Any] = [payload]
    room = LARGEST
    for _ in range(DEEPEST + 1):
        room -= sum(len(one) for one in level if isinstance(one, _SIZED))
        if room < 0:  # asked before copying: a few lists can stand for billions
            return _LARGE
        if any(isinstance(n, int) and n.bit_length() > _BITS for n in level):
            return f"payload has a whole number of more than {_BITS} bits"
        inner = [one for one in level if isinstance(one, _CONTAINERS)]
        if not inner:
            return None
        level = [part for one in inner for part in _parts(one)]
    return f"payload is nested deeper than {DEEPEST}"


def _parts(one: Any) -> Iterable[Any]:
    return (*one.keys(), *one.values()) if isinstance(one, dict) else one
