"""Start the courier, the supervisor, the upkeep when there is something to do.

They leave by themselves when there is nothing left. Each is a program of its own, so
whatever a receiver or a policy does to it, the watcher goes on.
"""

from __future__ import annotations

import os
import signal
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor, Timer

_PROGRAMS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_SHORTEST = 1.0  # a child that dies at once is not started again at once


class Child:
    """At most one *program* of ours; a foreign one holds the same lock and is fine."""

    def __init__(
        self,
        reactor: Reactor,
        clock: Clock,
        state_dir: str,
        program: str,
        left: Callable[[], object],
        trouble: Callable[[str], object],
        *,
        again: bool = True,
        masked: tuple[int, ...] = (),
    ) -> None:
        """*left* is called when it ended, to look for what is due next.

        *trouble* is told why none could be started, and "" once one was. *again*: one
        that was killed is started at once. *masked*: signals that wait until it asks.
        """
        self._reactor = reactor
        self._clock = clock
        self._state_dir = state_dir
        self._path = os.path.join(_PROGRAMS, program, "__main__.py")
        self._left = left
        self._trouble = trouble
        self._again = again
        self._masked = masked
        self.pid = 0  # 0: none runs
        self.status = 0  # how the last one ended, as of waitpid(2)
        self._fd = -1
        self._started = float("-inf")
        self._timer: Timer | None = None

    def ensure(self) -> None:
        """Start one now, or have the one that runs look; one that died waits."""
        if self.pid:
            self.signal(signal.SIGURG)
            return
        now = self._reactor.now()
        if now - self._started < _SHORTEST:
            self.at(self._started + _SHORTEST)
            return
        self._started = now
        try:
            self._start()
        except OSError as error:
            self.at(now + 10.0)
            self._trouble(str(error.strerror))
        else:
            self._trouble("")

    def keep(self) -> None:
        """Start one now if none runs."""
        if not self.pid:
            self.ensure()

    def at(self, when: float) -> None:
        """Start one at *when* (reactor time), if that is sooner than planned."""
        if self._timer is not None:
            if self._timer.when <= when:
                return
            self._timer.cancel()
        self._timer = self._reactor.call_at(when, self._due)

    def _due(self) -> None:
        self._timer = None  # it is over: the next one may be set
        self.ensure()

    def _start(self) -> None:
        argv = [sys.executable, "-I", "-S", self._path, "--state-dir", self._state_dir]
        argv += ["--clock", repr(self._clock.steady(0.0))]
        errors = self._errors()
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
            (os.POSIX_SPAWN_DUP2, errors, 2),
        ]
        try:
            self.pid = os.posix_spawn(
                sys.executable,
                argv,
                os.environ,
                file_actions=actions,
                setsigmask=self._masked,
                setsigdef=[signal.SIGIO, signal.SIGHUP, signal.SIGTERM, signal.SIGINT],
            )
        finally:
            os.close(errors)
        if hasattr(os, "pidfd_open"):
            self._fd = os.pidfd_open(self.pid)
            self._reactor.watch(self._fd, lambda _bits: self._ended())
        else:
            self._reactor.call_at(self._reactor.now() + 1.0, self._poll)

    def _errors(self) -> int:
        """Open where it complains; a folder that takes no file stops no alert."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        try:
            path = os.path.join(self._state_dir, "agent2_error.log")
            return os.open(path, flags, 0o644)
        except OSError:
            return os.open(os.devnull, os.O_WRONLY)

    def _poll(self) -> None:
        """Without pidfd: look each second whether it ended."""
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            self._reactor.call_at(self._reactor.now() + 1.0, self._poll)
            return
        self._ended()

    def _ended(self) -> None:
        if self._fd >= 0:
            self._reactor.unwatch(self._fd)
            os.close(self._fd)
            self._fd = -1
        self.status = os.waitpid(self.pid, 0)[1]
        self.pid = 0
        if self.status and self._again:
            self.ensure()  # it was killed: what it held is taken over at once
        self._left()

    def stop(self) -> None:
        """Ask it to leave; what it has not sent stays in the outbox."""
        if self.pid:
            self.signal(signal.SIGTERM)
            self.signal(signal.SIGCONT)  # one that somebody froze must hear it too

    def signal(self, number: int) -> None:
        """Send it a signal, if it runs."""
        try:
            os.kill(self.pid, number)  # our own child, not yet reaped
        except ProcessLookupError:
            pass
