"""State, uptime and response time of a target as badges: SVG, JSON, shields.io."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent2.core.uptime import percentile, uptime
from agent2.store.history_view import WINDOWS, over
from agent2.web.desk import desk
from agent2.web.refusals import Refusal
from agent2.web.replies import body_of, tagged
from agent2.web.routes import Entry
from agent2.web.routes_state import target_of
from agent2.web.routes_uptime import hold, planned
from agent2.web.shapes import NUMBER, TEXT, WHOLE, maybe, objects, words
from agent2.wire import badge as wire
from agent2.wire.badge import COLORS, drawing

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.core.uptime import Bucket

_CACHE = "no-cache, max-age=30"
_SLOWLY = "max-age=300"  # a figure of a day hardly moves in five minutes


def badge(request: Request) -> Response:
    """Return the state of a target in the form that the last part of the path names."""
    name = request.path_params["name"]
    state = str(target_of(request, name).get("state"))
    color = COLORS.get(state, COLORS["unknown"])
    return _sent(request, (name, state, color), {"name": name, "state": state}, _CACHE)


def up(request: Request) -> Response:
    """Return the part of a window in which it was up."""
    name, window, seen = _seen(request)
    share = uptime(seen)
    tree = {"name": name, "window": window, "uptime": share}
    return _sent(request, wire.uptime(name, window, share), tree, _SLOWLY)


def fast(request: Request) -> Response:
    """Return within which time 95 of 100 answers of a window came."""
    name, window, seen = _seen(request)
    p95_s = percentile(seen, 0.95)
    tree = {"name": name, "window": window, "p95_s": p95_s}
    return _sent(request, wire.response(name, window, p95_s), tree, _SLOWLY)


def _seen(request: Request) -> tuple[str, str, Bucket]:
    """Return target, window and what was seen of it."""
    name, window = request.path_params["name"], request.path_params["window"]
    if window not in WINDOWS:
        raise Refusal("not_found", path=request.url.path)
    target_of(request, name)
    at, now = desk(request), time.time()
    held = hold(planned(at).get(name))
    return name, window, over(at.reading, name, now - WINDOWS[window], now, held)


def _sent(
    request: Request, told: tuple[str, str, str], tree: dict[str, Any], cache: str
) -> Response:
    """Return label, text and colour, or *tree*, in the form that was asked for."""
    label, text, color = told
    form = request.path_params["form"]
    if form == "svg":
        drawn = drawing(label, text, color).encode("utf-8", "replace")
        answer = tagged(request, drawn, "image/svg+xml", cache)
    elif form == "json":
        answer = tagged(request, body_of(tree), cache=cache)
    elif form == "shields":
        named = {"schemaVersion": 1, "label": label, "message": text, "color": color}
        answer = tagged(request, body_of(named), cache=cache)
    else:
        raise Refusal("not_found", path=request.url.path)
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
    *(
        Entry(
            "GET",
            f"/api/v1/badge/{{name}}/{kind}/{{window}}.{{form}}",
            endpoint,
            f"{what} of `24h`, `7d`, `30d`, `90d` as a badge: `svg`, `json`, `shields`",
            {
                "anyOf": [
                    objects(name=TEXT, window=words(*WINDOWS), **{key: maybe(NUMBER)}),
                    objects(schemaVersion=WHOLE, label=TEXT, message=TEXT, color=TEXT),
                ]
            },
            refuses=("no_status", "unknown", "not_found"),
        )
        for kind, endpoint, what, key in (
            ("uptime", up, "Uptime", "uptime"),
            ("response", fast, "The response time (p95)", "p95_s"),
        )
    ),
)
