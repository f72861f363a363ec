"""Neighbours: ``crowd.py PROCESSES SOCKETS`` sleepers and connected sockets."""

from __future__ import annotations

import os
import resource
import signal
import socket
import sys


def main(count: int, sockets: int) -> None:
    """Make them, say so, and end with stdin."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    pids = []
    for _ in range(count):
        pid = os.fork()
        if pid == 0:
            signal.pause()
            os._exit(0)
        pids.append(pid)
    server = socket.create_server(("127.0.0.1", 0), backlog=1024)
    pairs = []
    for _ in range(sockets // 2):
        client = socket.create_connection(server.getsockname())
        pairs.append((client, server.accept()[0]))
    print("ready", flush=True)
    sys.stdin.read()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
