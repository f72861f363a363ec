"""OTLP over gRPC, as a way for the requests of the one session.

What HTTP would post is called; how the call ends is answered in the words of HTTP. The
messages are the same, and which codes are to be tried again stands in
https://opentelemetry.io/docs/specs/otlp/#otlpgrpc. Needs agent2[otlp-grpc].
"""

from __future__ import annotations

import gzip
import io
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.adapters import BaseAdapter
from requests.models import Response

from agent2.core.text import one_line

if TYPE_CHECKING:
    from requests.models import PreparedRequest

PORT = 4317  # the one that is registered for it
WORD = "grpc-status-word"  # a header of our own: what people are told
_BASE = "/opentelemetry.proto.collector"
_METHODS = {
    "traces": f"{_BASE}.trace.v1.TraceService/Export",
    "logs": f"{_BASE}.logs.v1.LogsService/Export",
    "metrics": f"{_BASE}.metrics.v1.MetricsService/Export",
}
# Any other code is a batch that will never be taken.
_STATUS = {
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "UNIMPLEMENTED": 404,
    "RESOURCE_EXHAUSTED": 429,
    "UNAVAILABLE": 503,
    "CANCELLED": 503,
    "DEADLINE_EXCEEDED": 504,
    "ABORTED": 503,
    "OUT_OF_RANGE": 503,
    "DATA_LOSS": 503,
}
# Of HTTP alone; what is left was asked for in headers_file or a variable.
_HTTP = frozenset(
    {"accept", "accept-encoding", "connection", "content-encoding", "content-length"}
    | {"content-type", "user-agent"}
)
_MOST = 64 * 1024 - 15  # bytes of an answer; no collector has this very limit itself
_OPTIONS = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.enable_retries", 0),
    ("grpc.max_receive_message_length", _MOST),
)
_NEEDED = 'port 4317 speaks gRPC: pip install "agent2[otlp-grpc]", or use port 4318'


def speaks(endpoint: str) -> bool:
    """Is that the address of gRPC?"""
    return urlsplit(endpoint).port == PORT


class Calls(BaseAdapter):
    """One channel to one collector."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        super().__init__()
        self._channel: Any = None

    def send(self, request: PreparedRequest, *_: Any, **more: Any) -> Response:
        """Call what *request* would post.

        Raises:
            OSError: the library is not installed.
        """
        grpc = _library()
        url = urlsplit(str(request.url))
        if self._channel is None:
            self._channel = _channel(grpc, url.scheme, url.netloc, more)
        body = bytes(request.body or b"")  # type: ignore[arg-type]
        headers = {key.lower(): text for key, text in request.headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        own = [(key, text) for key, text in headers.items() if key not in _HTTP]
        call = self._channel.unary_unary(_METHODS[url.path.rpartition("/")[2]])
        try:
            answer = call(body, timeout=more.get("timeout"), metadata=own)
        except grpc.RpcError as error:
            code, told = error.code().name, one_line(str(error.details()), 200)
            if f"vs. {_MOST})" in told:
                return _response(200, b"", "")  # it has answered, so it has the batch
            return _response(_STATUS.get(code, 400), b"", f"gRPC {code}: {told}")
        return _response(200, answer, "")

    def close(self) -> None:
        """Let the connection go."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None


def _library() -> Any:
    # Else it writes a collector's words to our standard error, just as they come.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import grpc
    except ImportError:
        grpc = None
    if grpc is None:  # outside of the handler: the innermost cause is what is told
        raise OSError(0, _NEEDED)
    return grpc


def _channel(grpc: Any, scheme: str, where: str, more: dict[str, Any]) -> Any:
    if scheme != "https":
        return grpc.insecure_channel(where, options=_OPTIONS)
    ours = more.get("cert")
    certificate, key = ours if isinstance(ours, tuple) else (ours, ours)
    trusted = more.get("verify")
    facts = grpc.ssl_channel_credentials(
        *(_read(path) for path in (trusted, key, certificate))
    )
    return grpc.secure_channel(where, facts, options=_OPTIONS)


def _read(path: object) -> bytes | None:
    if not isinstance(path, str):
        return None
    with open(path, "rb") as file:
        return file.read()


def _response(status: int, body: bytes, word: str) -> Response:
    made = Response()
    made.status_code = status
    made.headers["Content-Type"] = "application/x-protobuf"
    made.headers[WORD] = word
    made.raw = _Body(body)
    return made


class _Body(io.BytesIO):
    """A body as urllib3 has it."""

    def read(self, most: int | None = -1, **_more: Any) -> bytes:
        return super().read(most)
