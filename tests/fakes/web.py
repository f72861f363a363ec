"""Fake HTTP receivers: PagerDuty, Slack (webhook and Web API), a CloudEvents hook."""

from __future__ import annotations

import gzip
import json
import socket
import time
from functools import cache

from tests.fakes.base import Behaviour, Fake, Received

MODES = ("answer", "hang", "deaf", "drip", "endless", "bomb", "reset", "slam", "cut")


@cache
def zeros(size: int) -> bytes:
    """Return *size* bytes of zeros, packed."""
    return gzip.compress(bytes(size), 1)


class HttpFake(Fake):
    """Reads one request after the other and answers by ``answer``."""

    def answer(self, got: Received) -> Behaviour:
        raise NotImplementedError

    def url(self, path: str = "/") -> str:
        scheme = "https" if self.tls is not None else "http"
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def serve(self, wire: socket.socket) -> None:
        told = self.at_once()
        if told is not None and told.mode == "slam":
            self.reset(wire)
            return
        if told is not None:
            self._stopped.wait(60)
            return
        while True:
            got = self.read(wire)
            if got is None:
                return
            if (got.method, got.path) == ("GET", "/api/health"):
                return  # the agent of another test asks for who had this port before
            told = self.next_behaviour()
            got.told = f"{told.mode} {told.status}" if told else ""
            self.note(got)
            if not self.play(wire, told or self.answer(got)):
                return

    def at_once(self) -> Behaviour | None:
        """Take the next behaviour if it comes before any request is read."""
        told = self.behaviours[0] if self.behaviours else self.always
        if told is None or told.mode not in {"slam", "deaf"}:
            return None
        return self.next_behaviour()

    def read(self, wire: socket.socket) -> Received | None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            piece = wire.recv(65536)
            if not piece:
                return None
            raw += piece
        head, _, body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        method, path, _version = first.split(" ", 2)
        headers = {}
        for each in lines:
            name, _, text = each.partition(":")
            headers[name.strip().lower()] = text.strip()
        length = int(headers.get("content-length", "0"))
        while len(body) < length:
            piece = wire.recv(65536)
            if not piece:
                return None
            body += piece
        return Received(
            fake=self.name,
            at=time.time(),
            raw=head + b"\r\n\r\n" + body,
            method=method,
            path=path,
            headers=headers,
            body=body,
            peer=wire.getpeername()[1],
        )

    def play(self, wire: socket.socket, told: Behaviour) -> bool:
        """Do what is told; may the connection go on?"""
        if told.mode == "hang":
            self.hang(wire)
        elif told.mode == "reset":
            self.reset(wire)
        elif told.mode == "drip":
            self.drip(wire, b"HTTP/1.1 200 OK\r\nX: " + b"y" * 10_000, told.every)
        elif told.mode == "endless":
            self.send(wire, b"HTTP/1.1 200 OK\r\n\r\n")
            while not self._stopped.is_set():
                self.send(wire, b"x" * 65536)
        elif told.mode == "bomb":
            packed = zeros(told.size)
            head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
            self.send(wire, head.encode() + packed)
        elif told.mode == "answer":
            body = told.body.encode("utf-8", "surrogateescape")
            fields = {"Content-Length": str(len(body)), **told.headers}
            head = f"HTTP/1.1 {told.status} Status\r\n" + "".join(
                f"{name}: {text}\r\n" for name, text in fields.items()
            )
            self.send(wire, head.encode() + b"\r\n" + body)
            return True
        return False


def _json(code: int, /, **fields: object) -> Behaviour:
    return Behaviour(
        status=code,
        headers={"Content-Type": "application/json"},
        body=json.dumps(fields),
    )


class FakePagerDuty(HttpFake):
    """POST /v2/enqueue (Events API v2); ``open`` holds the open dedup keys."""

    name = "pagerduty"

    def __init__(self, *args, **options):
        self.open: dict[str, dict] = {}
        self.closed: list[str] = []
        super().__init__(*args, **options)

    @property
    def enqueue(self) -> str:
        return self.url("/v2/enqueue")

    def answer(self, got: Received) -> Behaviour:
        wrong = self._wrong(got)
        if wrong:
            return _json(
                400,
                status="invalid event",
                message="Event object is invalid",
                errors=wrong,
            )
        event = got.json
        key = event.get("dedup_key") or f"made-{len(self.received)}"
        if event["event_action"] == "trigger":
            self.open[key] = event
        elif event["event_action"] == "resolve" and self.open.pop(key, None):
            self.closed.append(key)
        return _json(202, status="success", message="Event processed", dedup_key=key)

    def _wrong(self, got: Received) -> list[str]:
        if (got.method, got.path) != ("POST", "/v2/enqueue"):
            return [f"{got.method} {got.path}"]
        if not got.headers.get("content-type", "").startswith("application/json"):
            return ["content type"]
        if len(got.body) > 512_000:
            return ["too large"]
        try:
            event = got.json
        except ValueError:
            return ["not JSON"]
        wrong = []
        if len(event.get("routing_key", "")) != 32:
            wrong.append("'routing_key' is invalid")
        if event.get("event_action") not in {"trigger", "acknowledge", "resolve"}:
            wrong.append("'event_action' is invalid")
        if event.get("event_action") != "trigger" and not event.get("dedup_key"):
            wrong.append("'dedup_key' is missing")
        if len(event.get("dedup_key", "")) > 255:
            wrong.append("'dedup_key' is too long")
        payload = event.get("payload", {})
        if event.get("event_action") == "trigger":
            wrong += [
                f"'{f}' is missing" for f in ("summary", "source") if not payload.get(f)
            ]
            if payload.get("severity") not in {"critical", "error", "warning", "info"}:
                wrong.append("'severity' is invalid")
            if len(payload.get("summary", "")) > 1024:
                wrong.append("'summary' is too long")
        return wrong


class FakeSlack(HttpFake):
    """POST /services/T…/B…/X… (webhook) and /api/chat.postMessage (Web API)."""

    name = "slack"
    webhook_path = "/services/T00000000/B00000000/XXXXsecretXXXXsecretXXXX"
    token = "xoxb-secret-token-0123456789"

    @property
    def webhook(self) -> str:
        return self.url(self.webhook_path)

    @property
    def api(self) -> str:
        return self.url("/api/")

    def answer(self, got: Received) -> Behaviour:
        if got.path == "/api/chat.postMessage":
            return self._post_message(got)
        if got.path != self.webhook_path:
            return Behaviour(status=404, body="no_service")
        try:
            message = got.json
        except ValueError:
            return Behaviour(status=400, body="invalid_payload")
        if not message.get("text"):
            return Behaviour(status=400, body="no_text")
        return Behaviour(status=200, body="ok", headers={"Content-Type": "text/html"})

    def _post_message(self, got: Received) -> Behaviour:
        if got.headers.get("authorization") != f"Bearer {self.token}":
            return _json(200, ok=False, error="invalid_auth")
        message = got.json
        if not message.get("channel", "").startswith("C"):
            return _json(200, ok=False, error="channel_not_found")
        return _json(
            200,
            ok=True,
            channel=message["channel"],
            ts=f"1700000000.{len(self.received):06d}",
        )


class FakeHook(HttpFake):
    """Takes CloudEvents at any path; ``kept`` holds each Idempotency-Key once."""

    name = "webhook"

    def __init__(self, *args, **options):
        self.kept: dict[str, dict] = {}
        super().__init__(*args, **options)

    def answer(self, got: Received) -> Behaviour:
        if got.method != "POST":
            return Behaviour(status=405)
        try:
            event = got.json
        except ValueError:
            return Behaviour(status=400)
        self.kept.setdefault(got.headers.get("idempotency-key", ""), event)
        return Behaviour(status=204)
