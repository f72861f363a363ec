"""A receiver of alerts on loopback, in a thread of the benchmark.

It notes when the first byte of each request came and how it answered: ``ok`` (202
with a body that PagerDuty, Slack and webhooks take for proof), ``hang``, ``endless``
(a body without end) or ``refuse`` (500).
"""

from __future__ import annotations

import queue
import select
import socket
import threading
import time

_OK = {
    "pagerduty": (202, b'{"status":"success","message":"","dedup_key":"x"}'),
    "slack": (200, b"ok"),
}


class Receiver:
    """One listening port; ``seen`` holds (time of the first byte, content)."""

    def __init__(self, manner: str = "ok", kind: str = "webhook") -> None:
        self.manner = manner
        self.seen: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
        self._status, self._body = _OK.get(kind, (200, b"{}"))
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._server.getsockname()[1]
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            one = threading.Thread(target=self._serve, args=(client,), daemon=True)
            self._threads.append(one)
            one.start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(30)
            try:
                select.select([client], [], [], 30)
                first = time.monotonic()
                content = self._read(client)
                self.seen.put((first, content))
                self._answer(client)
            except OSError:
                pass  # it hung up

    def _read(self, client: socket.socket) -> bytes:
        content = b""
        while True:
            piece = client.recv(65536)
            content += piece
            head, _, body = content.partition(b"\r\n\r\n")
            length = 0
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            if not piece or (b"\r\n\r\n" in content and len(body) >= length):
                return content

    def _answer(self, client: socket.socket) -> None:
        if self.manner == "hang":
            self._over.wait(30)
            return
        if self.manner == "endless":
            client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
            while not self._over.is_set():
                client.sendall(b"x" * 65536)
            return
        status = 500 if self.manner == "refuse" else self._status
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(self._body)}\r\n"
        client.sendall(head.encode() + b"Connection: close\r\n\r\n" + self._body)

    def close(self) -> None:
        self._over.set()
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
