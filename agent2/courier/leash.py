"""The courier's end of a lane: start it, tell it, hear it, end it."""

from __future__ import annotations

import os
import signal
import socket
import time

from agent2.courier import frames, lane

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from agent2.core.message import Delivery
    from agent2.plan.values import PluginPlan

_LOADING = 30.0  # seconds in which a lane must be ready
_LONGEST_SEND = 3600.0
_WRITING = 2.0  # seconds in which an idle lane must take an order
_PIECE = 65536
_LONGEST = 1 << 20  # bytes of one answer; a lane is not trusted


class Leash:
    """One lane. Times are monotonic seconds.

    Attributes:
        plugin: What it was built from.
        ready: It has said how it wants to be handled.
        delivery: What it has to send, or None while it is idle.
        until: When it is ended, while it loads or sends; else None.
        dead: It has ended, or said nonsense; nothing more comes of it.
    """

    def __init__(self, plugin: PluginPlan, now: float) -> None:
        """Fork it; it begins to load at once.

        Raises:
            OSError: no process or descriptor is left.
        """
        self.plugin = plugin
        self.ready = False
        self.delivery: Delivery | None = None
        self.sent = False
        self.until: float | None = now + _LOADING
        self.timeout = lane.TIMEOUT
        self.deduplicates = False
        self.dead = False
        self._inbox = b""
        self._wire, theirs = socket.socketpair()
        try:
            self.pid = os.fork()
            if self.pid == 0:
                self._become(theirs)
        finally:
            theirs.close()
        self._wire.settimeout(_WRITING)

    def _become(self, theirs: socket.socket) -> NoReturn:
        try:
            lane.serve(theirs, self.plugin)
        finally:
            os._exit(70)

    def fileno(self) -> int:
        """Return the descriptor that can be read when it has said something."""
        return self._wire.fileno()

    def send(self, delivery: Delivery, now: float) -> None:
        """Give it *delivery*; its time runs from *now*."""
        self.delivery, self.sent = delivery, True
        self.until = now + self.timeout
        order = frames.order(delivery.alert, repeat=delivery.ambiguous)
        try:
            self._wire.sendall(order)
        except OSError:
            self.dead = True

    def hear(self) -> dict[str, Any] | None:
        """Return its answer to the order, if it is whole; {} if it ended instead.

        None: nothing yet, or it only became ready.
        """
        try:
            piece = self._wire.recv(_PIECE)
        except OSError:
            piece = b""
        self._inbox += piece
        if not piece or len(self._inbox) > _LONGEST:
            self.dead = True
            return {}
        line, end, rest = self._inbox.partition(b"\n")
        if not end:
            return None
        self._inbox = rest
        said = frames.unpack(line)
        if self.ready:
            self.until = None
            return said
        self.ready, self.until = True, None
        told = frames.seconds(said.get("timeout"), lane.TIMEOUT, _LONGEST_SEND)
        self.timeout = told or lane.TIMEOUT
        self.deduplicates = bool(said.get("deduplicates"))
        return None

    def end(self) -> bool:
        """Kill it and let go of it; False: it is still to be reaped."""
        self.dead = True
        self._wire.close()
        try:
            os.kill(self.pid, signal.SIGKILL)  # our own child, not yet reaped
        except ProcessLookupError:
            pass
        for _ in range(50):  # a killed process goes in microseconds, or its disk hangs
            if self.reap():
                return True
            time.sleep(0.001)
        return False

    def reap(self) -> bool:
        """Take its exit status if it has ended; has it?"""
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] != 0
        except ChildProcessError:
            return True
