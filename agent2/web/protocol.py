"""One connection: how many there may be, and how long each may dawdle.

uvicorn bounds the size of a request's head, not the time that it takes (slowloris);
nor does it give up on a reader who reads nothing. Both are bounded here.
"""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from agent2.web import refusals
from agent2.web.replies import body_of
from agent2.web.security import HEADERS

HEAD_S = 5.0  # for the head of a request, from its first byte or the connection
UNREAD = 16 * 1024  # bytes that are kept for a reader before its writer waits
STUCK_S = 10.0  # for a reader who reads nothing


class Protocol(H11Protocol):
    """HTTP/1.1 as uvicorn speaks it, with a limit to everything.

    *max_clients* and *language* are set on a subclass, see ``limited``.
    """

    max_clients = 128
    language = "en"

    def __init__(self, *args: Any, **options: Any) -> None:
        """Made by the server for each connection."""
        super().__init__(*args, **options)
        self._head: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Serve the connection, or say that there are too many."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=UNREAD)
        if len(self.connections) > self.max_clients:
            self._refuse("full")
        else:
            self._head = self.loop.call_later(HEAD_S, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        for timer in (self._head, self._stuck):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; a head that is begun must end in time."""
        super().data_received(data)
        in_head = self.conn.their_state is h11.IDLE
        if not in_head and self._head is not None:
            self._head.cancel()
            self._head = None
        elif in_head and self._head is None and self.conn.trailing_data[0]:
            self._head = self.loop.call_later(HEAD_S, self._give_up)

    def pause_writing(self) -> None:
        """Wait for a reader, but not for ever."""
        super().pause_writing()
        self._stuck = self.loop.call_later(STUCK_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the reader reads."""
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None
        super().resume_writing()

    def send_400_response(self, _msg: str) -> None:
        """Answer what is no HTTP; called by uvicorn."""
        self._refuse("bad_request")

    def _give_up(self) -> None:
        self._head = None
        self.transport.abort()

    def _refuse(self, code: str) -> None:
        """Write a refusal by hand: there is no request that could be answered."""
        body = body_of(refusals.document(code, self.language, {}))
        status = refusals.STATUS[code]
        lines = [f"HTTP/1.1 {status} {'Bad Request' if status == 400 else 'Busy'}"]
        headers = {"content-type": "application/json", "connection": "close", **HEADERS}
        headers |= {"content-length": str(len(body))}
        headers |= {"retry-after": "5"} if status == 503 else {}
        lines += [f"{name}: {each}" for name, each in headers.items()]
        self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
        self.transport.close()


def limited(clients: int, language: str) -> type[Protocol]:
    """Return the protocol with its limits."""
    return type("Limited", (Protocol,), {"max_clients": clients, "language": language})
