"""An event as other programs write it: one JSON object, read with patience."""

from __future__ import annotations

import json

from agent2.core.admission import LONGEST
from agent2.core.events import Event
from agent2.store import utc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_BEYOND = 1 << 60  # seconds: after every calendar
# The words of the user's documents, then ours.
_WORDS = {
    "id": ("event_id", "id"),
    "type": ("event_type", "type"),
    "subject": ("task_id", "subject"),
    "at": ("ts", "at"),
}


class EventError(ValueError):
    """What came is no event; the text says what is wrong."""


def events_of(
    text: str | bytes, source: str, now: float
) -> tuple[list[Event], list[str]]:
    """Return the events of a JSON text, and what is wrong with what is none.

    The text is one object, or a list of them.

    Raises:
        EventError: it is not JSON.
    """
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise EventError(f"no JSON: {error}") from None
    events, flaws = [], []
    many = tree if isinstance(tree, list) else [tree]
    for number, each in enumerate(many, 1):
        try:
            events.append(event_of(each, source, now))
        except EventError as error:
            flaws.append(
                f"{number}. of {len(many)}: {error}" if many[1:] else f"{error}"
            )
    return events, flaws


def event_of(tree: Any, source: str, now: float) -> Event:
    """Return the event that *tree* tells of; without a time it happened *now*.

    Raises:
        EventError: it lacks a type or a subject, or a part is of the wrong sort.
    """
    if not isinstance(tree, dict):
        raise EventError("an event is a JSON object")
    payload = tree.get("payload")
    if payload is not None and not isinstance(payload, dict):
        raise EventError("payload is no object")
    texts = {name: _text(tree, name) for name in ("id", "type", "subject")}
    for name in ("type", "subject"):
        if not texts[name]:
            raise EventError(f"{_WORDS[name][0]} is missing")
    at = _time(next((tree[w] for w in _WORDS["at"] if w in tree), now))
    made_id, kind, subject = texts["id"], texts["type"], texts["subject"]
    return Event(made_id, source, subject, kind, at, payload or {})


def _text(tree: dict[str, Any], name: str) -> str:
    word = next((each for each in _WORDS[name] if each in tree), "")
    found = tree.get(word, "")
    if isinstance(found, int) and not isinstance(found, bool):
        found = str(found)
    if not isinstance(found, str):
        raise EventError(f"{word} is no text")
    if len(found) > LONGEST:
        raise EventError(f"{word} is longer than {LONGEST} characters")
    return found


def _time(found: object) -> float:
    if isinstance(found, (int, float)) and not isinstance(found, bool) and found > 0:
        # What is beyond the calendar is refused at the door; a float may not hold it.
        return float(min(found, _BEYOND))
    seconds = utc.seconds(found)
    if seconds is None:
        raise EventError("ts is no time: write 2026-01-31T12:00:00Z")
    return seconds
