"""The demo target: ``/api/health`` in its full form, and faults on request.

    GET  /api/health   {"status": "ok", timestamp, uptime_seconds, components, metrics}
    GET  /fault        the fault in force
    POST /fault        a word of FAULTS as the body

It listens on the loopback address only. A POST that a browser sent for a foreign
page (it carries ``Origin``) is refused.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any

from agent2.host.clock import stamp
from agent2.host.files import ensure_dir, remove, write_atomic

FAULTS = ("ok", "slow", "bad-json", "status-error", "warn", "500", "hang", "die")
HOST = "127.0.0.1"
SLOW = 3.6  # seconds: over the default limit of 3, under the time-out of 5
_BODY_STATUS = {"status-error": "error", "warn": "warn"}
_LONGEST_BODY = 64


class Service(ThreadingHTTPServer):
    """The server and the fault that it shows."""

    daemon_threads = True
    request_queue_size = 128  # connections that wait while it is stopped: still open

    def __init__(self, port: int) -> None:
        """Bind *port* on the loopback address; 0 takes a free one."""
        self.fault = "ok"
        self.changed = threading.Condition()
        self.started = time.monotonic()
        super().__init__((HOST, port), Answer)

    def show(self, fault: str) -> None:
        """Show *fault* from now on; requests that hang are let go."""
        with self.changed:
            self.fault = fault
            self.changed.notify_all()

    def wait_until_not(self, fault: str, seconds: float) -> None:
        """Return when another fault is shown, at the latest after *seconds*."""
        with self.changed:
            self.changed.wait_for(lambda: self.fault != fault, seconds)

    def handle_error(self, *_request: object) -> None:
        """Say nothing: an asker that gave up is no trouble of ours."""

    def health(self) -> dict[str, Any]:
        """Return the body of a health answer."""
        word = _BODY_STATUS.get(self.fault, "ok")
        lived = time.monotonic() - self.started
        spent = time.process_time()
        return {
            "status": word,
            "timestamp": stamp(time.time()),
            "uptime_seconds": round(lived, 3),
            "components": {"database": "ok", "queue": word},
            "metrics": {
                "cpu_percent": round(100.0 * spent / max(lived, 1.0), 2),
                "memory_mb": round(_memory_mb(), 1),
                "pid": os.getpid(),
            },
        }


def _memory_mb() -> float:
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # getrusage(2): kilobytes on Linux, bytes on macOS.
    return size / (1048576 if sys.platform == "darwin" else 1024)


class Answer(BaseHTTPRequestHandler):
    """One request."""

    server: Service
    timeout = 30
    server_version = "Agent2Demo/1"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer the health question as the fault wants it."""
        if self.path == "/fault":
            self._say(200, {"fault": self.server.fault})
        elif self.path.partition("?")[0] in ("/api/health", "/"):
            self._health()
        else:
            self._say(404, {"error": "not found"})

    def _health(self) -> None:
        fault = self.server.fault
        if fault == "slow":
            self.server.wait_until_not("slow", SLOW)
        elif fault == "hang":
            self.server.wait_until_not("hang", 3600.0)
        elif fault == "500":
            self._say(500, {"status": "error"})
            return
        elif fault == "bad-json":
            self._send(200, b'{"status": "ok"')
            return
        self._say(200, self.server.health())

    def do_POST(self) -> None:
        """Take a fault."""
        length = self.headers.get("Content-Length", "")
        size = int(length) if length.isdecimal() else _LONGEST_BODY + 1
        if self.path != "/fault" or size > _LONGEST_BODY or "Origin" in self.headers:
            self.close_connection = True
            self._say(403, {"error": "refused"})
            return
        word = self.rfile.read(size).decode("ascii", "replace").strip()
        if word not in FAULTS:
            self._say(400, {"error": "unknown fault", "known": list(FAULTS)})
            return
        if word != "die":
            self.server.show(word)  # who has the answer may rely on it
        self._say(200, {"fault": word})
        if word == "die":
            # As a crash does it: at once, and the PID file stays behind.
            os.kill(os.getpid(), signal.SIGKILL)

    def _say(self, code: int, body: dict[str, Any]) -> None:
        self._send(code, json.dumps(body, ensure_ascii=False).encode() + b"\n")

    def _send(self, code: int, body: bytes) -> None:
        try:
            self.send_response(code)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # the asker has given up

    def log_message(self, *_words: object) -> None:
        """Keep quiet: the demo target has no log."""


def serve(port: int, pid_file: str) -> int:
    """Serve until TERM or INT; the PID file stands while it does.

    Raises:
        OSError: the port is taken, or the PID file cannot be written.
    """
    with Service(port) as service:
        content = b"%d\n" % os.getpid()
        ensure_dir(os.path.dirname(pid_file))
        write_atomic(pid_file, content, sync=False)

        def end(_number: int, _frame: FrameType | None) -> None:
            # shutdown() waits for the loop that this very thread is running.
            threading.Thread(target=service.shutdown, daemon=True).start()

        signal.signal(signal.SIGTERM, end)
        signal.signal(signal.SIGINT, end)
        print(f"http://{HOST}:{service.server_address[1]}/api/health", flush=True)
        service.serve_forever(poll_interval=0.05)
        _remove_ours(pid_file, content)
    return 0


def _remove_ours(path: str, content: bytes) -> None:
    try:
        with open(path, "rb") as file:
            ours = file.read(64) == content
    except OSError:
        return
    if ours:
        remove(path)
