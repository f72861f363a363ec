"""Signal the very process that a PID file names, so that its own supervisor acts."""

from __future__ import annotations

import signal

from agent2.core.value import value
from agent2.plugins import AtOnce, Deed, load, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.processes import ProcessRef
    from agent2.host.reactor import Reactor
    from agent2.plugins import Order, Path, Seconds

_KNOWN = ("TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "KILL", "CONT")
_ENDING = ("TERM", "INT", "QUIT", "KILL")


@value
class SignalAction(AtOnce):
    """Send a signal through a pidfd: never to a number, never to a successor.

    For services whose parent starts them anew when they end, and for those that heal
    themselves on HUP. It is held to the same proofs as the ``pid`` check.

    Attributes:
        file: The PID file.
        match: Pattern sought in the process's name, program and command line.
        signal: TERM, INT, QUIT, KILL, HUP, USR1, USR2 or CONT.
        grace: Seconds after which a process that shall end is killed; 0 never kills.
    """

    kind = "signal"
    label = "action.signal"

    file: Path
    match: str = ""
    signal: str = "TERM"
    grace: Seconds = 10.0

    async def run(self, _order: Order, reactor: Reactor) -> Deed:
        """Send it; if it shall end by it, wait, and kill it when grace is over."""
        check = load("checks", "pid")(file=self.file, match=self.match)
        process: ProcessRef | None = await check.attach()
        if process is None:
            finding = await check.probe(reactor, reactor.now() + 1.0)
            return refused(f"nobody to signal: {finding.detail}")
        try:
            return await self._send(process, reactor)
        except PermissionError:
            return refused(f"not allowed to signal process {process.pid}")
        finally:
            process.close()

    async def _send(self, process: ProcessRef, reactor: Reactor) -> Deed:
        who = f"process {process.pid}"
        if not process.signal(getattr(signal, f"SIG{self.signal}")):
            return Deed(done=True, detail=f"{who} had ended already")
        detail = f"SIG{self.signal} sent to {who}"
        if self.signal not in _ENDING or self.grace == 0 or process.fd is None:
            return Deed(done=True, detail=detail)
        if await reactor.readable(process.fd, reactor.now() + self.grace):
            return Deed(done=True, detail=f"{detail}, it ended")
        process.signal(signal.SIGKILL)
        if await reactor.readable(process.fd, reactor.now() + 2.0):
            return Deed(done=True, detail=f"{detail}, killed after {self.grace:g} s")
        return refused(f"{who} does not even end by SIGKILL: it hangs in the kernel")

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if self.signal not in _KNOWN:
            yield "signal", f"{self.signal!r} is none of them", ", ".join(_KNOWN)
        if self.grace < 0:
            yield "grace", "is below 0", "10s is usual, 0 never kills"
