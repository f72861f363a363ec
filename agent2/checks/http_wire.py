"""A strict reader of one HTTP/1.1 answer (RFC 9112), fed piece by piece.

Strict, because a watchdog that guesses can call a broken service well: what is not
framed as the standard says is ``proto``, what is too long is ``body_limit``.
"""

from __future__ import annotations

import re

from agent2.checks.net import ProbeError
from agent2.core.model import Code

LIMIT = 65536  # bytes of head and body together
_CHUNK_LINE = 1024
_PIECES = 2048  # chunks of one answer; each costs the loop some microseconds

_HEAD = re.compile(
    rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n\0]*+)?\r\n"
    rb"(?:[!#$%&'*+.^_`|~0-9A-Za-z-]++:[^\r\n\0]*+\r\n)*+"
)
_FIELD = re.compile(
    rb"\n(content-length|transfer-encoding|content-encoding|location):([^\r\n]*+)",
    re.IGNORECASE,
)
_LOGIN = re.compile(r"//[^/]*@")
_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n\0]*+)?")


class Answer:
    """One answer in the making. ``feed`` until it says True, then read *body*.

    Attributes:
        status: The status number once the head is complete, else 0.
        location: Where a redirect leads, without login, query and fragment.
    """

    __slots__ = (
        "_at",
        "_buffer",
        "_from",
        "_length",
        "_most",
        "_parts",
        "_seen",
        "body",
        "location",
        "status",
    )

    def __init__(self, most: int = LIMIT) -> None:
        """Begin with nothing; *most* bytes are taken."""
        self._most = most
        self.status = 0
        self.location = ""
        self.body = b""
        self._buffer = bytearray()
        self._seen = 0
        self._at = 0
        self._from = 0  # what is before this was searched for the empty line already
        self._length: int | None = None  # of the body; None: until the end
        self._parts: list[bytes] | None = None  # of a chunked body

    @property
    def started(self) -> bool:
        """Has anything of it come?"""
        return self._seen > 0

    def feed(self, piece: bytes) -> bool:
        """Take *piece*; is the answer complete?

        Raises:
            ProbeError: it is no proper HTTP answer (``proto``) or too long
                (``body_limit``).
        """
        self._seen += len(piece)
        self._buffer += piece
        if (self.status or self._read_head()) and self._read_body():
            return True
        if self._seen > self._most:
            raise ProbeError(
                Code.BODY_LIMIT, f"answer is longer than {self._most} bytes"
            )
        return False

    def end(self) -> None:
        """Say that the connection was closed; the answer is complete if this returns.

        Raises:
            ProbeError: it was closed too early.
        """
        if not self._seen:
            raise ProbeError(Code.RESET, "connection closed without an answer")
        if not self.status:
            raise ProbeError(Code.PROTO, "connection closed within the headers")
        if self._parts is not None or self._length is not None:
            raise ProbeError(Code.PROTO, "connection closed within the body")
        self.body = bytes(self._buffer[self._at :])

    def _read_head(self) -> bool:
        buffer = self._buffer
        while True:
            if buffer[:5] != b"HTTP/"[: len(buffer)]:
                raise ProbeError(Code.PROTO, "answer is not HTTP/1.1")
            end = self._empty_line(0)
            if end < 0:
                return False
            head = bytes(buffer[: end + 2])
            match = _HEAD.fullmatch(head)
            if match is None:
                raise ProbeError(Code.PROTO, "bad status line or header")
            status = int(match[1])
            if status >= 200:
                break
            if status == 101:
                raise ProbeError(Code.PROTO, "switches to a protocol not asked for")
            del buffer[: end + 4]  # 100-continue and other news before the answer
            self._from = 0
        self._at = end + 4
        self.status = status
        self._frame(status, _FIELD.findall(head))
        return True

    def _empty_line(self, start: int) -> int:
        """Return where the line before the next empty one ends, -1 if it is not here.

        What comes byte by byte is not searched from its beginning each time.
        """
        end = self._buffer.find(b"\r\n\r\n", max(start, self._from))
        if end < 0:
            self._from = max(len(self._buffer) - 3, 0)
        return end

    def _frame(self, status: int, fields: list[tuple[bytes, bytes]]) -> None:
        """Decide from the header where the body ends."""
        chunked = False
        for raw, padded in fields:
            name, text = raw.lower(), padded.strip(b" \t")
            if name == b"content-length":
                if self._length is not None or chunked:
                    raise ProbeError(Code.PROTO, "contradictory body lengths")
                if not text.isdigit() or len(text) > 15:
                    raise ProbeError(Code.PROTO, "bad content-length")
                self._length = int(text)
            elif name == b"transfer-encoding":
                if self._length is not None or chunked or text.lower() != b"chunked":
                    raise ProbeError(Code.PROTO, "bad transfer-encoding")
                chunked = True
            elif name == b"content-encoding":
                if text.lower() not in (b"", b"identity"):
                    detail = f"content-encoding {text.decode('latin-1')} not asked for"
                    raise ProbeError(Code.PROTO, detail)
            else:
                where = re.split("[?#]", text.decode("latin-1"), maxsplit=1)[0]
                self.location = _LOGIN.sub("//", where)
        if status in (204, 304):
            self._length, chunked = 0, False
        if chunked:
            self._parts = []
        elif self._length is not None and self._at + self._length > self._most:
            raise ProbeError(Code.BODY_LIMIT, f"answer has {self._length} bytes")

    def _read_body(self) -> bool:
        if self._parts is not None:
            return self._read_chunks(self._parts)
        if self._length is None or len(self._buffer) < self._at + self._length:
            return False
        self.body = bytes(self._buffer[self._at : self._at + self._length])
        return True

    def _read_chunks(self, parts: list[bytes]) -> bool:
        buffer = self._buffer
        while True:
            end = buffer.find(b"\r\n", self._at)
            if end < 0:
                if len(buffer) - self._at > _CHUNK_LINE:
                    raise ProbeError(Code.PROTO, "bad chunk size")
                return False
            match = _SIZE.fullmatch(bytes(buffer[self._at : end]))
            if match is None:
                raise ProbeError(Code.PROTO, "bad chunk size")
            size = int(match[1], 16)
            stop = end + 2 + size
            if size == 0:  # trailers, which nobody reads, then an empty line
                if self._empty_line(end) < 0:
                    return False
                self.body = b"".join(parts)
                return True
            if stop > self._most:
                raise ProbeError(
                    Code.BODY_LIMIT, f"answer is longer than {self._most} bytes"
                )
            if len(parts) >= _PIECES:
                raise ProbeError(Code.BODY_LIMIT, f"answer has over {_PIECES} chunks")
            if len(buffer) < stop + 2:
                return False
            if buffer[stop : stop + 2] != b"\r\n":
                raise ProbeError(Code.PROTO, "chunk is longer than it says")
            parts.append(bytes(buffer[end + 2 : stop]))
            self._at = stop + 2
