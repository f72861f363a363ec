"""What makes a forked lane a closed world: it holds nothing and outlives nobody."""

from __future__ import annotations

import os
import signal

from agent2.host import forked

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket


def let_go(kept: int) -> None:
    """Let go of all that is the courier's: descriptors, signals, surroundings."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends an orphan that hangs
    forked.let_go(kept)
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name == "SSLKEYLOGFILE":
            del os.environ[name]


def follow(wire: socket.socket) -> None:
    """End when the courier's end of *wire* is closed, in the middle of a send too."""
    import fcntl
    from socket import MSG_DONTWAIT, MSG_PEEK

    def heard(_number: int, _frame: object) -> None:
        try:
            gone = not wire.recv(1, MSG_PEEK | MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            gone = True
        if gone:
            os._exit(1)

    signal.signal(signal.SIGIO, heard)
    fcntl.fcntl(wire, fcntl.F_SETOWN, os.getpid())
    flags = fcntl.fcntl(wire, fcntl.F_GETFL)
    fcntl.fcntl(wire, fcntl.F_SETFL, flags | os.O_ASYNC)
