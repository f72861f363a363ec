"""The application: the table of all routes behind the guard."""

from __future__ import annotations

import time
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import Route, Router

from agent2.web import (
    metrics,
    openapi,
    pages,
    routes_badge,
    routes_changes,
    routes_events,
    routes_guide,
    routes_health,
    routes_look,
    routes_overview,
    routes_people,
    routes_ping,
    routes_records,
    routes_reload,
    routes_silences,
    routes_state,
    routes_stream,
    routes_uptime,
)
from agent2.web.answers import Answers
from agent2.web.desk import desk
from agent2.web.guard import Guard
from agent2.web.limits import RateLimit
from agent2.web.replies import body_of, tagged
from agent2.web.routes import Entry
from agent2.web.security import Security
from agent2.web.shapes import OBJECT, TEXT, objects

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from agent2.web.desk import Desk
    from agent2.web.routes import Endpoint
    from agent2.web.stream import Stream
    from agent2.web.tally import Tally
    from agent2.web.token import Token


def described(request: Request) -> Response:
    """Return the OpenAPI document."""
    root = desk(request).settings.root_path
    return tagged(request, body_of(openapi.document(TABLE, root)))


TABLE: tuple[Entry, ...] = (
    *routes_health.ROUTES,
    *routes_state.ROUTES,
    *routes_uptime.ROUTES,
    *routes_overview.ROUTES,
    *routes_records.ROUTES,
    *routes_badge.ROUTES,
    *routes_stream.ROUTES,
    *metrics.ROUTES,
    *routes_guide.ROUTES,
    *routes_events.ROUTES,
    *routes_ping.ROUTES,
    *routes_changes.ROUTES,
    *routes_reload.ROUTES,
    *routes_look.ROUTES,
    *routes_people.ROUTES,
    *routes_silences.ROUTES,
    Entry(
        "GET",
        openapi.PATH,
        described,
        "This document",
        objects(openapi=TEXT, info=OBJECT, paths=OBJECT, components=OBJECT),
    ),
)


def _by_method(entries: dict[str, Entry]) -> Endpoint:
    """Return what answers at one path, whatever the method of *entries*."""
    if len(entries) == 1:
        return next(iter(entries.values())).endpoint

    async def chosen(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        endpoint = entries[method].endpoint
        if iscoroutinefunction(endpoint):
            made: Any = await endpoint(request)
        else:
            made = await run_in_threadpool(endpoint, request)
        answer: Response = made
        return answer

    return chosen


def application(at: Desk, token: Token, stream: Stream, tally: Tally) -> Answers:
    """Return the ASGI application."""
    by_path: dict[str, dict[str, Entry]] = {}
    for entry in TABLE:
        by_path.setdefault(entry.path, {})[entry.method] = entry
    endpoints = {path: _by_method(entries) for path, entries in by_path.items()}
    router = Router(
        [
            *pages.ROUTES,
            *(
                Route(path, endpoint, methods=list(by_path[path]))
                for path, endpoint in endpoints.items()
            ),
        ],
        redirect_slashes=False,
    )

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(desk=at, stream=stream)
        await router(scope, receive, send)

    settings = at.settings
    guard = Guard(
        inner,
        Security(settings, token),
        RateLimit(settings.rate_limit, time.monotonic),
        settings,
        at.log,
        tally.note,
    )
    return Answers(guard, {made: path for path, made in endpoints.items()})
