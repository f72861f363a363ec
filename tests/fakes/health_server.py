"""A health endpoint that answers anything at all, byte for byte."""

from __future__ import annotations

import json
import socket

from tests.fakes.base import Fake, Received


def http(
    body: bytes | str = b'{"status": "ok"}', status: int = 200, *lines: str
) -> bytes:
    """Return a proper answer; *lines* are further headers."""
    content = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status} Some Reason", f"Content-Length: {len(content)}", *lines]
    return "\r\n".join([*head, "", ""]).encode() + content


def raw(*lines: str, body: bytes = b"") -> bytes:
    """Return exactly these header lines, an empty line and *body*."""
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Return a chunked answer."""
    head = raw("HTTP/1.1 200 OK", "Transfer-Encoding: chunked")
    return head + b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in chunks) + end


class HealthServer(Fake):
    """Sends *answers* in turn, the last one again and again; then does *after*.

    ``after``: ``close``, ``reset``, ``hold`` (say nothing more), ``endless`` (zeros
    without end), ``drip`` (the answer itself, byte by byte), ``deaf`` (does not read).
    """

    name = "health"
    pause = 0.02  # seconds between two bytes of a drip

    def __init__(self, *answers: bytes, after: str = "close", tls=None):
        self.answers = list(answers)
        self.after = after
        super().__init__(tls=tls)

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}/api/health"

    def serve(self, wire: socket.socket) -> None:
        if self.after == "deaf":
            self._stopped.wait()
            return
        request = b""
        while b"\r\n\r\n" not in request:
            piece = wire.recv(65536)
            if not piece:
                return
            request += piece
        self.note(Received(self.name, 0.0, request))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if self.after == "drip":
            self.drip(wire, answer, self.pause)
        else:
            wire.sendall(answer)
        if self.after == "reset":
            self.reset(wire)
        elif self.after == "hold":
            self.hang(wire)
        while self.after == "endless":
            wire.sendall(b"0" * 65536)


def document(**keys: object) -> str:
    """Return a health document."""
    return json.dumps({"status": "ok", **keys})
