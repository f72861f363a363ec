"""The state of a target as a badge: SVG, JSON, and the form of shields.io."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.web.refusals import Refusal
from agent2.web.replies import body_of, tagged
from agent2.web.routes import Entry
from agent2.web.routes_state import target_of
from agent2.web.shapes import TEXT, WHOLE, objects, words
from agent2.wire.badge import COLORS, drawing

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_CACHE = "no-cache, max-age=30"


def badge(request: Request) -> Response:
    """Return the badge of a target in the form that the last part of the path names."""
    name, form = request.path_params["name"], request.path_params["form"]
    if form not in ("svg", "json", "shields"):
        raise Refusal("not_found", path=request.url.path)
    state = str(target_of(request, name).get("state"))
    color = COLORS.get(state, COLORS["unknown"])
    if form == "svg":
        drawn = drawing(name, state, color).encode("utf-8", "replace")
        answer = tagged(request, drawn, "image/svg+xml", _CACHE)
    elif form == "json":
        answer = tagged(request, body_of({"name": name, "state": state}), cache=_CACHE)
    else:
        tree = {"schemaVersion": 1, "label": name, "message": state, "color": color}
        answer = tagged(request, body_of(tree), cache=_CACHE)
    # A picture is there to stand on other people's pages.
    answer.headers["cross-origin-resource-policy"] = "cross-origin"
    return answer


_STATE = words(*COLORS)
ROUTES = (
    Entry(
        "GET",
        "/api/v1/badge/{name}/state.{form}",
        badge,
        "The state of a target as a badge: `svg`, `json` or `shields`",
        {
            "anyOf": [
                objects(name=TEXT, state=_STATE),
                objects(schemaVersion=WHOLE, label=TEXT, message=_STATE, color=TEXT),
            ]
        },
        refuses=("no_status", "unknown", "not_found"),
    ),
)
