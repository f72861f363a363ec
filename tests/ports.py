"""Port numbers that nobody else gets, whether somebody listens on them or not.

A number that is only asked for and let go is the kernel's to give to the next one: a
test beside us then answers for our dead target, or is asked by our agent. So each
number stays bound, without a listener: connections are refused, ``bind`` with
``SO_REUSEADDR`` succeeds, and the kernel gives it neither to ``bind`` to port 0 nor to
an outgoing connection (measured on Linux; tcp(7), ip(7)).
"""

from __future__ import annotations

import os
import socket
import sys
from collections import deque

# Kept while the tests run, or until so many came after it.
_held: deque[int] = deque()  # descriptors
_MOST = 400


def reserved() -> int:
    """Return a free loopback port; it stays ours."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port: int = held.getsockname()[1]
    if sys.platform != "linux":
        held.close()  # elsewhere a bound port cannot be bound again
        return port
    _held.append(held.detach())
    if len(_held) > _MOST:
        os.close(_held.popleft())
    return port
