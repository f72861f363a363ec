"""What came with a request, as the guard read it: JSON, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.web.refusals import Refusal

if TYPE_CHECKING:
    from starlette.requests import Request


def body(request: Request) -> Any:
    """Return what was sent; None: nothing."""
    return request.scope.get("agent2.body")


def sent(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent; {} if nothing was.

    Raises:
        Refusal: it is something else.
    """
    found = body(request)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refusal("bad_field", field="body", why="is no JSON object")
    return found
