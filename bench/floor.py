"""The floor: the least Python that watches one target. Not a product; a ruler.

A bare interpreter does the same three checks (PID by pidfd, TCP connect, one raw
HTTP exchange), counts against a threshold, writes the signal file and the status
JSON. No store, no log, no alerts, no configuration, no defence against anything.
With a seventh argument it keeps one law of the product: before a signal it writes a
line to a journal and has it on the disk (``fsync``).
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time


def main(
    folder: str, pid_file: str, port: int, every: float, wait: float, n: int, durable
):
    """Watch until SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    failures, held, held_fd = 0, 0, -1
    signal_file = os.path.join(folder, "restart_signal")
    due = time.monotonic()
    poller = select.poll()
    while True:
        pid = read_pid(pid_file)
        if pid != held:
            if held_fd >= 0:
                poller.unregister(held_fd)
                os.close(held_fd)
            held, held_fd = pid, hold(pid)
            if held_fd >= 0:
                poller.register(held_fd, select.POLLIN)
        alive = held_fd >= 0 and not poller.poll(0)
        reason = ""
        if not alive:
            reason = "process_not_alive"
        elif not port_open(port, due + wait):
            reason = "port_not_listening"
        elif not healthy(port, due + wait):
            reason = "health_check_failed"
        failures = failures + 1 if reason else 0
        if failures >= n and not os.path.exists(signal_file):
            if durable:
                commit(os.path.join(folder, "journal"), reason)
            write(signal_file, {"timestamp": time.time(), "reason": reason})
        word = "ok" if not reason else ("down" if failures >= n else "warn")
        status = {"status": "monitoring", "last_check": time.time()}
        status |= {"health_status": word, "consecutive_failures": failures}
        write(os.path.join(folder, "agent2_status.json"), status)
        due = max(due + every, time.monotonic() - every)
        left = max(due - time.monotonic(), 0.0)
        if alive:
            if poller.poll(left * 1000):  # it died: look at once
                due = time.monotonic()
        else:
            time.sleep(left)


def read_pid(path: str) -> int:
    """Return the number in the PID file, 0 if there is none."""
    try:
        with open(path, "rb") as file:
            return int(file.read(32))
    except (OSError, ValueError):
        return 0


def hold(pid: int) -> int:
    """Return a pidfd of *pid*, -1 if it is not there."""
    try:
        return os.pidfd_open(pid) if pid else -1
    except OSError:
        return -1


def port_open(port: int, deadline: float) -> bool:
    """Does something accept?"""
    with socket.socket() as sock:
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        return sock.connect_ex(("127.0.0.1", port)) == 0


def healthy(port: int, deadline: float) -> bool:
    """Does ``/api/health`` answer 200 with status ok?"""
    with socket.socket() as sock:
        try:
            sock.settimeout(max(deadline - time.monotonic(), 0.001))
            sock.connect(("127.0.0.1", port))
            sock.send(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            answer = b""
            while True:
                sock.settimeout(max(deadline - time.monotonic(), 0.001))
                piece = sock.recv(65536)
                answer += piece
                head, _, body = answer.partition(b"\r\n\r\n")
                if not piece or body.endswith(b"}"):
                    break
            return b" 200 " in head[:16] and json.loads(body)["status"] == "ok"
        except (OSError, ValueError, KeyError):
            return False


def commit(path: str, line: str) -> None:
    """Append *line* and wait until it is on the disk."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, f"{time.time()} {line}\n".encode())
    os.fsync(fd)
    os.close(fd)


def write(path: str, tree: dict) -> None:
    """Replace *path* by *tree* as JSON."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(json.dumps(tree))
    os.replace(path + ".new", path)


if __name__ == "__main__":
    folder, pid_file, port, every, wait, n = sys.argv[1:7]
    sure = len(sys.argv) > 7
    main(folder, pid_file, int(port), float(every), float(wait), int(n), sure)
