"""Docker's API on a Unix socket, as far as one container goes, writing down what came.

Answers as the Engine API v1.41 does (docs.docker.com/reference/api/engine): 200 with
``State``, 204 for a restart, 404 and 500 with ``{"message": ...}``.
"""

from __future__ import annotations

import json
import os
import socketserver
import threading
from typing import Self

RUNNING = {
    "Status": "running", "Running": True, "Paused": False, "Restarting": False,
    "OOMKilled": False, "Dead": False, "Pid": 4711, "ExitCode": 0, "Error": "",
    "StartedAt": "2026-01-02T03:04:05.678901234Z", "FinishedAt": "0001-01-01T00:00:00Z",
}  # fmt: skip
ENDED = RUNNING | {"Status": "exited", "Running": False, "Pid": 0}


class DockerSocket:
    """Serves at *path*; *state* is what it says of ``web``; *asked* what came."""

    def __init__(self, path: str) -> None:
        self.path = str(path)
        self.state = dict(RUNNING)
        self.asked: list[str] = []
        self.refuses = b""  # said with 500 to a restart
        self.raw: bytes | None = None  # sent as it is
        self.mute = threading.Event()

    def __enter__(self) -> Self:
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                line = self.rfile.readline().decode().split()
                while self.rfile.readline() not in (b"\r\n", b""):
                    pass
                outer.asked.append(" ".join(line[:2]))
                if outer.mute.is_set():
                    self.rfile.read(1)
                    return
                self.wfile.write(outer.answer(line[0], line[1]))

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        self._server = Server(self.path, Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        os.unlink(self.path)

    def answer(self, verb: str, path: str) -> bytes:
        if self.raw is not None:
            return self.raw
        if not path.startswith("/containers/web/"):
            return _message(404, b"No such container: nobody")
        if verb == "POST":
            if self.refuses:
                return _message(500, self.refuses)
            self.state = RUNNING | {"Pid": self.state["Pid"] + 1}
            return b"HTTP/1.0 204 No Content\r\n\r\n"
        return _head(200) + json.dumps({"Id": "ab" * 32, "State": self.state}).encode()


def _head(status: int) -> bytes:
    return b"HTTP/1.0 %d x\r\nContent-Type: application/json\r\n\r\n" % status


def _message(status: int, text: bytes) -> bytes:
    return _head(status) + b'{"message":"' + text + b'"}\n'
