"""What is asked of the web program: how often, with which answer, how long it took."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent2.core.spans import TOOK
from agent2.metrics.family import Spent

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from agent2.metrics.family import Families

_METHODS = frozenset({"GET", "HEAD", "POST"})
_STREAM = b"text/event-stream"


class Answers:
    """The ASGI application around all others; counts in the event loop alone.

    *routes* tells the path of the table to which an endpoint belongs: a path that
    somebody asks for is never a label, unless it stands there word for word.
    """

    def __init__(self, app: ASGIApp, routes: dict[Callable[..., object], str]) -> None:
        """Count nothing yet."""
        self._app = app
        self._routes = routes
        self._paths = frozenset(routes.values())
        self._answers: dict[tuple[str, str, str], int] = {}
        self._took = Spent(TOOK)
        self._now = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on and count how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, streams = 0, False

        async def told(message: Message) -> None:
            nonlocal status, streams
            if message["type"] == "http.response.start":
                status = message["status"]
                streams = any(
                    bytes(each).startswith(_STREAM)
                    for name, each in message.get("headers", ())
                    if bytes(name).lower() == b"content-type"
                )
            await send(message)

        scope.setdefault("state", {})["answers"] = self
        began = time.perf_counter()
        self._now += 1
        try:
            await self._app(scope, receive, told)
        finally:
            self._now -= 1
            if not streams:
                self._took.note(time.perf_counter() - began)
            self._count(scope, status)

    def _count(self, scope: Scope, status: int) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = scope["path"]
        if route not in self._paths:
            route = self._routes.get(scope.get("endpoint", print), "none")
        key = (method, route, str(status or "none"))
        self._answers[key] = self._answers.get(key, 0) + 1

    def put(self, to: Families) -> None:
        """Put what was counted."""
        for labels, many in sorted(self._answers.items()):
            to("server_request_total").put(many, *labels)
        to("server_request_time_seconds").spread(TOOK, self._took.counts)
        to("server_conc").put(self._now)
