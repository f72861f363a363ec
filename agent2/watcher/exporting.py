"""The watcher's side of telemetry: a program of its own is kept running.

Loaded only when ``telemetry.enabled``, and idle where a unit of systemd of its own has
it running (``TELEMETRY_UNIT``). Nothing here waits for it, and how it fares
with its collector is its own affair; only that it cannot be started is told.
"""

from __future__ import annotations

import os

from agent2.plan.sources import TELEMETRY_UNIT
from agent2.watcher.child import Child

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor
    from agent2.watcher.memory import Memory

_AGAIN = 1.0  # seconds until one that was killed is started again ...
_LATER = 60.0  # ... and one that cannot run: something is to be installed, or mended
_WHY = {69: 'pip install "agent2[otlp]"', 78: "plan", 70: "internal error"}


class Exporting:
    """Has a telemetry program running while it is enabled."""

    def __init__(
        self,
        reactor: Reactor,
        clock: Clock,
        state_dir: str,
        memory: Callable[[], Memory],
    ) -> None:
        """Start nothing yet: ``use``."""
        self._reactor = reactor
        self._memory = memory
        self._wanted = False
        self._child = Child(
            reactor,
            clock,
            state_dir,
            "telemetry",
            self._left,
            self._trouble,
            again=False,
        )

    def use(self, *, enabled: bool) -> None:
        """Follow the configuration; a change of its details the program sees itself."""
        enabled = enabled and not os.environ.get(TELEMETRY_UNIT)
        if enabled and not self._wanted:
            self._child.keep()  # later it runs, or its time is set
        elif not enabled:
            self.stop()
        self._wanted = enabled

    def stop(self) -> None:
        """Ask it to leave, and start none any more."""
        self._wanted = False
        self._child.stop()

    def _left(self) -> None:
        status = self._child.status
        if not self._wanted:
            return
        wait = _LATER
        if os.WIFSIGNALED(status):
            wait = _AGAIN
        elif status:
            code = os.waitstatus_to_exitcode(status)
            self._memory().trouble("telemetry", _WHY.get(code, f"exit {code}"))
        self._child.at(self._reactor.now() + wait)

    def _trouble(self, detail: str) -> None:
        if detail:
            self._memory().trouble("telemetry", detail)
