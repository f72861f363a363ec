"""A small real web service as the documents have them, for the shipped examples.

    python -I tests/live/example_service.py PORT FOLDER

``GET /api/v1/health`` answers 200 whatever stands in FOLDER/mood: nothing, ``degraded``,
``no database`` or ``idle``, which ``/agents`` tells. ``/fail`` answers 500, ``/slow`` takes a second, ``/log`` writes the body into
the log, anything else answers 200. FOLDER/app.log gets JSON lines.
"""

from __future__ import annotations

import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        begun = time.monotonic()
        size = int(self.headers.get("content-length", 0))
        words = self.rfile.read(size).decode()
        status, answer = 200, {"result": "done"}
        if "/health" in self.path:
            word = "degraded" if mood() == "degraded" else "healthy"
            database = "down" if mood() == "no database" else "ok"
            answer = {"status": word, "components": {"database": {"status": database}}}
        elif "/agents" in self.path:
            answer = {"agents": [{"status": "idle" if mood() == "idle" else "active"}]}
        else:
            log("INFO", "Request started")
            if "/fail" in self.path:
                status, answer = 500, {"error": "no answer from the model"}
            elif "/slow" in self.path:
                time.sleep(1.0)
            elif "/log" in self.path:
                log("ERROR", words)
            log("INFO", "api.request_duration", execution_time=time.monotonic() - begun)
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *_words: object) -> None:
        """The gateway writes the access log."""


def mood() -> str:
    try:
        with open(os.path.join(FOLDER, "mood")) as file:
            return file.read()
    except FileNotFoundError:
        return ""


def log(level: str, message: str, **context: float) -> None:
    at = time.strftime("%Y-%m-%dT%H:%M:%S")
    line = {"timestamp": at, "level": level, "message": message, "context": context}
    with open(os.path.join(FOLDER, "app.log"), "a") as file:
        file.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    FOLDER = sys.argv[2]
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
