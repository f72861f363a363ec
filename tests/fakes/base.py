"""A socket server that writes down what it gets and misbehaves when told to."""

from __future__ import annotations

import base64
import json
import os
import socket
import ssl
import struct
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field

from tests.ports import reserved


@dataclass(frozen=True)
class Behaviour:
    """What a fake does with one request instead of what the real one would do.

    ``mode``: ``answer`` (status, headers, body), ``hang`` (reads, never answers),
    ``deaf`` (accepts, never reads), ``drip`` (one byte of the answer per *every*
    seconds), ``endless`` (200 and a body without end), ``bomb`` (*size* bytes of
    zeros, gzipped), ``reset`` (after the request), ``slam`` (at once), ``cut``
    (closes without an answer).
    """

    mode: str = "answer"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    every: float = 0.5
    size: int = 100 << 20


@dataclass
class Received:
    """One request (HTTP) or one mail (SMTP), as it came over the wire."""

    fake: str
    at: float
    raw: bytes
    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    peer: int = 0
    told: str = ""  # what a test had the fake do instead: mode and status

    @property
    def json(self):
        return json.loads(self.body)

    def line(self) -> str:
        shown = asdict(self)
        shown["raw"] = base64.b64encode(self.raw).decode()
        shown["body"] = self.body.decode("utf-8", "replace")
        return json.dumps(shown, ensure_ascii=False)


class Fake:
    """Listens on a random loopback port; one thread per connection."""

    name = "fake"

    def __init__(self, log: str | None = None, tls: ssl.SSLContext | None = None):
        self.log = log
        self.tls = tls
        self.received: list[Received] = []
        self.connections = 0
        self.first_byte: list[float] = []
        self.sent_bytes = 0
        self.behaviours: deque[Behaviour] = deque()
        self.always: Behaviour | None = None
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", reserved()), backlog=200)
        self.port: int = self._listener.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    # -- for tests

    def then(self, *behaviours: Behaviour) -> None:
        """Do these with the next requests, one each."""
        self.behaviours.extend(behaviours)

    def wait(self, count: int, timeout: float = 60.0) -> list[Received]:
        """Wait until *count* were received; the list is returned, whatever it holds."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.received) >= count, timeout)
            return list(self.received)

    def wait_connections(self, count: int, timeout: float = 60.0) -> int:
        with self._changed:
            self._changed.wait_for(lambda: self.connections >= count, timeout)
            return self.connections

    def close(self) -> None:
        self._stopped.set()
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        for each in list(self._open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- for subclasses

    def serve(self, wire: socket.socket) -> None:
        raise NotImplementedError

    def note(self, got: Received) -> None:
        with self._changed:
            self.received.append(got)
            if self.log:
                number = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
                try:
                    os.write(number, got.line().encode() + b"\n")
                finally:
                    os.close(number)
            self._changed.notify_all()

    def next_behaviour(self) -> Behaviour | None:
        try:
            return self.behaviours.popleft()
        except IndexError:
            return self.always

    def send(self, wire: socket.socket, content: bytes) -> None:
        wire.sendall(content)
        self.sent_bytes += len(content)

    def drip(self, wire: socket.socket, content: bytes, every: float) -> None:
        for byte in content:
            if self._stopped.wait(every):
                return
            self.send(wire, bytes([byte]))

    def hang(self, wire: socket.socket) -> None:
        """Hold the connection until the other side or the test ends it."""
        wire.settimeout(0.1)
        while not self._stopped.is_set():
            try:
                if not wire.recv(65536):
                    return
            except TimeoutError:
                continue

    def reset(self, wire: socket.socket) -> None:
        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    # -- threads

    def _spawn(self, call, *args) -> None:
        thread = threading.Thread(target=call, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                wire, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                self.connections += 1
                self.first_byte.append(time.time())
                self._changed.notify_all()
            self._open.add(wire)
            self._spawn(self._one, wire)

    def _one(self, plain: socket.socket) -> None:
        wire = plain
        try:
            wire.settimeout(60)
            if self.tls is not None:
                wire = self.tls.wrap_socket(plain, server_side=True)
                self._open.add(wire)
            self.serve(wire)
        except (OSError, ValueError):
            pass  # the other side went away, or spoke nonsense
        finally:
            self._open.discard(wire)
            self._open.discard(plain)
            wire.close()
            plain.close()
