"""Ids made of content: the same fact has the same id, by whichever way it comes."""

from __future__ import annotations

from agent2.core.instant import milliseconds
from agent2.core.value import replace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeAlias

    from agent2.core.events import Event

    # Bytes to lower-case hexadecimal, at least 32 figures: SHA-256 or the like.
    Digest: TypeAlias = Callable[[bytes], str]

_LENGTH = 32
_EXACT = 2**53  # beyond it a float is no longer one whole number


def event_id(
    subject: str,
    type: str,  # noqa: A002  (the word of Event)
    at: float,
    payload: dict[str, Any],
    digest: Digest,
) -> str:
    """Return the id of a fact: ``ev-`` and 32 hexadecimal figures.

    The way it came is no part of it, nor are the order of keys, the spelling of
    numbers (``1`` and ``1.0``) and what is below a millisecond of *at*.
    """
    return "ev-" + _short(digest, [subject, type, milliseconds(at), payload])


def identified(event: Event, digest: Digest) -> Event:
    """Return *event* with an id: its own, or one made of its content."""
    if event.id:
        return event
    made = event_id(event.subject, event.type, event.at, event.payload, digest)
    return replace(event, id=made)


def decision_id(event: str, digest: Digest) -> str:
    """Return the id of the one decision of an event, ``dec-`` and 32 figures."""
    return "dec-" + _short(digest, ["decision", event])


def canonical(tree: Any) -> str:
    """Return *tree* (of JSON's kinds) as the one text that all equal trees have.

    Every text stands behind its length, so that no two trees share one text.
    """
    parts: list[str] = []
    todo = [tree]
    while todo:
        one = todo.pop()
        if isinstance(one, dict):
            pairs = sorted(
                ((str(key), inner) for key, inner in one.items()), key=lambda p: p[0]
            )
            parts.append(f"{{{len(pairs)}:")
            todo.extend(part for pair in reversed(pairs) for part in reversed(pair))
        elif isinstance(one, (list, tuple)):
            parts.append(f"[{len(one)}:")
            todo.extend(reversed(one))
        else:
            parts.append(_leaf(one))
    return "".join(parts)


def _short(digest: Digest, tree: Any) -> str:
    # A half character is stored as "?" and has the id of what is stored.
    return digest(canonical(tree).encode("utf-8", "replace"))[:_LENGTH]


def _leaf(one: Any) -> str:
    if isinstance(one, float) and one.is_integer() and abs(one) <= _EXACT:
        one = int(one)  # JSON knows no difference between 1 and 1.0
    if one is None or isinstance(one, (bool, int, float)):
        return f"{one!r};"
    text = str(one)
    return f"{len(text)}:{text}"
