"""What a route is: its path, what answers, and what the OpenAPI document says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

Shape = dict[str, Any]
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Entry:
    """One method of one path.

    Attributes:
        path: With ``{name}`` for its parts.
        answers: The JSON Schema of a good answer; {} for what is no JSON.
        query: ``name -> (schema, what it is)``.
        body: The JSON Schema of what is sent; None if nothing is.
        status: Of a good answer.
        refuses: Codes of refusals beside those that every route has.
    """

    method: str
    path: str
    endpoint: Callable[[Request], Response]
    summary: str
    answers: Shape
    query: dict[str, tuple[Shape, str]] | None = None
    body: Shape | None = None
    status: int = 200
    media_type: str = JSON
    refuses: tuple[str, ...] = ()


TEXT: Shape = {"type": "string"}
WHOLE: Shape = {"type": "integer"}
NUMBER: Shape = {"type": "number"}
TRUTH: Shape = {"type": "boolean"}
OBJECT: Shape = {"type": "object"}
TIME: Shape = {"type": "string", "format": "date-time"}


def maybe(shape: Shape) -> Shape:
    """Return *shape*, or null."""
    return {"anyOf": [shape, {"type": "null"}]}


def words(*known: str) -> Shape:
    """Return one of the words *known*."""
    return {"type": "string", "enum": list(known)}


def objects(**fields: Shape) -> Shape:
    """Return an object that has all *fields*, and perhaps more later."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def lists(shape: Shape) -> Shape:
    """Return a list of *shape*."""
    return {"type": "array", "items": shape}


def paged(name: str, shape: Shape) -> Shape:
    """Return a page of a list: ``next`` is the cursor of the page after it, or null."""
    return objects(**{name: lists(shape), "next": maybe(TEXT)})


LIMIT = ({"type": "integer", "minimum": 1, "maximum": 500}, "At most this many")
CURSOR = (TEXT, "`next` of the page before")
