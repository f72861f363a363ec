"""The state of a target as a badge: SVG, JSON, and the form of shields.io."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from agent2.web.refusals import Refusal
from agent2.web.replies import body_of, tagged
from agent2.web.routes import Entry
from agent2.web.routes_state import target_of
from agent2.web.shapes import TEXT, WHOLE, objects, words

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_COLORS = {"ok": "#3a7d0a", "warn": "#a15c00", "down": "#c02b2b", "unknown": "#5f6368"}
_WIDTH = 7  # of a letter at 11 px, on the generous side
_CACHE = "no-cache, max-age=30"
# Made without style sheets and scripts: the strictest policy lets it be drawn.
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{all}" height="20" role="img">'
    "<title>{name}: {state}</title>"
    '<rect width="{left}" height="20" fill="#444"/>'
    '<rect x="{left}" width="{right}" height="20" fill="{color}"/>'
    '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
    '<text x="6" y="14">{name}</text><text x="{after}" y="14">{state}</text></g></svg>'
)


def badge(request: Request) -> Response:
    """Return the badge of a target in the form that the last part of the path names."""
    name, form = request.path_params["name"], request.path_params["form"]
    if form not in ("svg", "json", "shields"):
        raise Refusal("not_found", path=request.url.path)
    state = str(target_of(request, name).get("state"))
    color = _COLORS.get(state, _COLORS["unknown"])
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


def drawing(name: str, state: str, color: str) -> str:
    """Return the badge as SVG."""
    left, right = 12 + _WIDTH * len(name), 12 + _WIDTH * len(state)
    return _SVG.format(
        all=left + right,
        left=left,
        right=right,
        after=left + 6,
        name=escape(name),
        state=escape(state),
        color=color,
    )


_STATE = words(*_COLORS)
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
