"""Restart a job of launchd by ``launchctl kickstart -k`` (launchctl(1), macOS)."""

from __future__ import annotations

import os

from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host import spawn
from agent2.host.exits import describe_exit
from agent2.plugins import AtOnce, Deed, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Order, Seconds


@value
class LaunchdAction(AtOnce):
    """Kill and start one job; done when launchd has started it.

    Attributes:
        job: Its label.
        domain: ``system``, ``gui/501`` …; empty means the system's for root and the
            user's own ``gui/UID`` for others.
        timeout: Seconds it may take.
    """

    kind = "launchd"
    label = "action.launchd"

    job: str
    domain: str = ""
    timeout: Seconds = 60.0

    async def run(self, _order: Order, reactor: Reactor) -> Deed:
        """Ask launchctl once and wait for its end."""
        job = plain(self.job)
        if job == os.environ.get("XPC_SERVICE_NAME"):  # launchd.plist(5) sets it
            return refused(f"{job} is Agent2's own job")
        domain = plain(self.domain) or _usual_domain()
        argv = ("launchctl", "kickstart", "-k", f"{domain}/{job}")
        environment = spawn.environment({}, spawn.SESSION)
        try:
            ended = await spawn.run(
                reactor, argv, environment, reactor.now() + self.timeout
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return refused(f"cannot run launchctl: {why}")
        if ended.late or ended.status is None:
            return refused(f"launchctl did not restart {job} in {self.timeout:g} s")
        if ended.status:
            said = ended.output.decode("utf-8", "replace").strip()
            return refused(f"launchctl: {describe_exit(ended.status)}: {said}")
        return Deed(done=True, detail=one_line(f"{job} restarted"))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not self.job or "/" in plain(self.job):
            yield "job", f"{self.job!r} is no label", "as launchctl list shows it"
        if self.timeout <= 0:
            yield "timeout", "leaves no time", "60s is usual"


def _usual_domain() -> str:
    return f"gui/{os.getuid()}" if os.getuid() else "system"
