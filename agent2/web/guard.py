"""What stands before every route: rate, security, body; and what every answer gets."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import nullcontext
from email.utils import formatdate
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from agent2.core.text import place
from agent2.store.errors import StoreError
from agent2.web import bodies, refusals
from agent2.web.refusals import Refusal
from agent2.web.security import HEADERS, READING, Security
from agent2.web.words import language_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from agent2.web.limits import RateLimit
    from agent2.web.settings import WebSettings

HEAD_BYTES = 16 * 1024


class Guard:
    """The ASGI application around the routes.

    What a change brings as JSON stands in ``request.scope["agent2.body"]``, None if it
    brings nothing; the language of its sender in ``request.scope["agent2.language"]``.
    """

    def __init__(
        self,
        app: ASGIApp,
        security: Security,
        rate: RateLimit,
        settings: WebSettings,
        log: Callable[[str, str], object],
        refused: Callable[[str], object],
    ) -> None:
        """Stand before *app*; *refused* hears the code of each refusal."""
        self._app = app
        self._security = security
        self._rate = rate
        self._language = settings.language
        self._root = settings.root_path
        self._large = asyncio.Lock()
        self._log = log
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; whatever goes wrong is an answer."""
        if scope["type"] != "http":
            return
        begun = False

        async def told(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                _complete(message)
            await send(message)

        headers = _plain(scope)
        language = language_of(headers.get("accept-language", ""), self._language)
        scope["agent2.language"] = language
        if scope["path"].startswith(f"{self._root}/"):  # a proxy may leave it there
            scope["path"] = scope["path"][len(self._root) :]
        scope["app"] = self  # so that the router raises and does not answer by itself
        try:
            await self._serve(scope, headers, receive, told)
        except ClientDisconnect:
            return
        except Exception as error:
            # It would hold itself by our frame, and with it all that was sent.
            refusal = self._refusal(error, scope).with_traceback(None)
            self._refused(refusal.code)
            if begun:
                raise ConnectionError("the answer cannot be ended") from None
            await refusals.answer(refusal, language)(scope, receive, told)

    async def _serve(
        self, scope: Scope, headers: dict[str, str], receive: Receive, send: Send
    ) -> None:
        client = scope.get("client")
        wait = self._rate.take(client[0] if client else "")
        if wait:
            seconds = str(math.ceil(wait))
            raise Refusal("too_many", {"retry-after": seconds}, seconds=seconds)
        if sum(len(n) + len(each) for n, each in scope["headers"]) > HEAD_BYTES:
            raise Refusal("long_head", limit=HEAD_BYTES)  # it came in one piece
        if {"transfer-encoding", "content-length"} <= headers.keys():
            raise Refusal("bad_request")  # two lengths: RFC 9112, 6.1
        method = scope["method"]
        self._security.check(method, scope["path"], headers)
        if method in READING:
            length = headers.get("content-length", "0")
            if "transfer-encoding" in headers or length != "0":
                raise Refusal("body_unwanted", method=method)
        elif method == "POST":
            async with self._large if bodies.may_be_large(headers) else nullcontext():
                scope["agent2.body"] = await bodies.body(scope, headers, receive)
                who = client[0] if client else "local"
                self._log("INFO", f"{who} asks: {scope['path']}")
                await self._app(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _refusal(self, error: Exception, scope: Scope) -> Refusal:
        """Return what the client is told of *error*; our own faults are logged."""
        path, method = scope["path"], scope["method"]
        match error:
            case Refusal():
                return error
            case StoreError():
                self._log("ERROR", f"{method} {path}: {error}")
                why = str(error).partition(": ")[2].partition("; ")[0]
                return Refusal("store", {"retry-after": "5"}, why=why or error.kind)
            case HTTPException(status_code=404):
                return Refusal("not_found", path=path)
            case HTTPException(status_code=405):
                allow = (error.headers or {}).get("Allow", "GET")
                return Refusal("method", {"allow": allow}, method=method, allow=allow)
            case _:
                self._log("ERROR", f"{method} {path}: internal error: {place(error)}")
                return Refusal("internal")


def _plain(scope: Scope) -> dict[str, str]:
    """Return the headers by name; one that comes twice is joined, as HTTP has it."""
    found: dict[str, str] = {}
    for raw, each in scope["headers"]:
        name, text = raw.decode("latin-1"), each.decode("latin-1").strip()
        found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _complete(message: Message) -> None:
    """Put in what every answer has and this one does not say otherwise."""
    headers = list(message.get("headers", ()))
    known = {bytes(name).lower() for name, _ in headers}
    more = {"date": formatdate(time.time(), usegmt=True), **HEADERS}
    headers += [
        (name.encode(), each.encode())
        for name, each in more.items()
        if name.encode() not in known
    ]
    message["headers"] = headers
