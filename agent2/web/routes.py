"""What a route is: its path, what answers, and what the OpenAPI document says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent2.web.shapes import TEXT, Shape

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from starlette.requests import Request
    from starlette.responses import Response

    # One that is no coroutine runs in a thread: it may look into the store.
    Endpoint: TypeAlias = Callable[[Request], Response | Awaitable[Response]]

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
    endpoint: Endpoint
    summary: str
    answers: Shape
    query: dict[str, tuple[Shape, str]] | None = None
    body: Shape | None = None
    status: int = 200
    media_type: str = JSON
    refuses: tuple[str, ...] = ()


LIMIT = ({"type": "integer", "minimum": 1, "maximum": 500}, "At most this many")
CURSOR = (TEXT, "`next` of the page before")
