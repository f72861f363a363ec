"""The service that the benchmarks watch: PID file, port, ``/api/health``.

It reports what comes in, one line each, on a descriptor: ``p`` the PID file was
written, ``r PATH`` a whole request came, ``c PATH`` its client hung up (PATH ``-``:
it had asked nothing). Each line ends with the monotonic time in seconds.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import time

BODY = b'{"status":"ok"}'
ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(BODY), BODY)
)


def main(port: int, pid_file: str, report: int) -> None:
    """Serve until killed, or until the benchmark is gone."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", port))
    server.listen(1024)
    server.setblocking(False)
    poller = select.epoll()
    poller.register(server, select.EPOLLIN)
    if report >= 0:
        poller.register(report, 0)  # tells when nobody listens any more
    open_now: dict[int, tuple[socket.socket, str]] = {}
    if pid_file:
        with open(pid_file, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        os.write(report, f"p {time.monotonic()}\n".encode())
    if report >= 0:
        os.write(report, f"port {server.getsockname()[1]}\n".encode())
    while True:
        lines = []
        for fd, _ in poller.poll():
            if fd == report:
                return
            if fd == server.fileno():
                _accept(server, poller, open_now)
                continue
            client, path = open_now[fd]
            try:
                piece = client.recv(65536)
            except OSError:
                piece = b""
            if piece:
                path = piece.split(b" ", 2)[1].decode()
                open_now[fd] = (client, path)
                lines.append(f"r {path} {time.monotonic()}\n")
                _answer(client)
            else:
                lines.append(f"c {path} {time.monotonic()}\n")
                poller.unregister(fd)
                client.close()
                del open_now[fd]
        if lines and report >= 0:
            _report(report, "".join(lines))


def _accept(
    server: socket.socket,
    poller: select.epoll,
    open_now: dict[int, tuple[socket.socket, str]],
) -> None:
    while True:
        try:
            client, _ = server.accept()
        except BlockingIOError:
            return
        client.setblocking(False)
        open_now[client.fileno()] = (client, "-")
        poller.register(client, select.EPOLLIN)


def _answer(client: socket.socket) -> None:
    try:
        client.send(ANSWER)
        client.shutdown(socket.SHUT_WR)
    except OSError:
        pass  # it hung up


def _report(report: int, text: str) -> None:
    try:
        os.write(report, text.encode())
    except BlockingIOError:
        pass  # nobody listens: better a line lost than a late answer


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
