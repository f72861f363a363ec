"""What every word of a person brings with it: who says it, and why."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from agent2.core.admission import LONGEST
from agent2.store.spoken import Word
from agent2.web.refusals import Refusal
from agent2.web.sent import sent
from agent2.web.shapes import TEXT, Shape

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.requests import Request

BY_API = "api"
WOKEN = "people"  # the datagram after which the watcher reads what was said


def body(*required: str, **more: Shape) -> Shape:
    """Return the shape of a word: ``who``, ``why`` and what *more* it has."""
    return {
        "type": "object",
        "properties": {"who": TEXT, "why": TEXT, **more},
        "required": list(required),
        "additionalProperties": False,
    }


def given(request: Request, allowed: Iterable[str] = ()) -> dict[str, Any]:
    """Return what was sent: texts of one line, and what else is *allowed*."""
    found, others = sent(request), frozenset(allowed)
    for name, worth in found.items():
        if name in others:
            continue
        if name not in ("who", "why") or not isinstance(worth, str):
            raise Refusal("bad_field", field=name, why="is no text, or no field here")
        if len(worth) > LONGEST or not worth.isprintable():
            raise Refusal("bad_field", field=name, why="is too long or not printable")
    return found


def word(given: dict[str, Any]) -> Word:
    """Return who speaks now, and why."""
    unique = f"api-{secrets.token_hex(16)}"
    who, why = given.get("who") or BY_API, given.get("why", "")
    return Word(unique, who, why, time.time(), BY_API)


def reason(given: dict[str, Any]) -> None:
    """Refuse what has no reason."""
    if not given.get("why"):
        raise Refusal("bad_field", field="why", why="is missing: others will ask")
