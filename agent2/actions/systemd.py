"""Restart a unit of systemd by ``systemctl`` (systemctl(1))."""

from __future__ import annotations

from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host import spawn, systemd
from agent2.host.exits import describe_exit
from agent2.plugins import AtOnce, Deed, refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent2.host.reactor import Reactor
    from agent2.host.spawn import Ended
    from agent2.plugins import Order, Seconds


@value
class SystemdAction(AtOnce):
    """Restart one unit; done when systemd says that its start went well.

    A unit that systemd gave up (``start-limit-hit``) is freed first: the restart budget
    is Agent2's.

    Attributes:
        unit: Its name; without an ending it is a service.
        user: A unit of the user's own systemd.
        timeout: Seconds it may take.
    """

    kind = "systemd"
    label = "action.systemd"

    unit: str
    user: bool = False
    timeout: Seconds = 90.0

    async def run(self, _order: Order, reactor: Reactor) -> Deed:
        """Free it, restart it, and wait for its end."""
        unit = systemd.full_name(plain(self.unit))
        until = reactor.now() + self.timeout
        try:
            if await self._is_ours(reactor, until, unit):
                return refused(f"{unit} is Agent2's own unit")
            await self._ask(reactor, until, unit, "reset-failed")
            ended = await self._ask(reactor, until, unit, "restart")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error)
            return refused(f"cannot run systemctl: {why}")
        said = ended.output.decode("utf-8", "replace").strip()
        if ended.late or ended.status is None:
            return refused(
                f"systemctl restart {unit} did not end in {self.timeout:g} s"
            )
        if ended.status:
            how = describe_exit(ended.status)
            return refused(f"systemctl restart {unit}: {how}: {said}")
        return Deed(done=True, detail=one_line(f"{unit} restarted"))

    async def _is_ours(self, reactor: Reactor, until: float, unit: str) -> bool:
        """Is *unit*, which may be an alias, the one in which we run?"""
        own = systemd.own_unit()
        if not own or unit == own:
            return unit == own
        ended = await self._ask(reactor, until, unit, "show", "--property=Id")
        return f"Id={own}" in ended.output.decode("utf-8", "replace").splitlines()

    async def _ask(
        self, reactor: Reactor, until: float, unit: str, *words: str
    ) -> Ended:
        argv: Sequence[str] = ("systemctl", "--no-ask-password", *words, "--", unit)
        if self.user:
            argv = (argv[0], "--user", *argv[1:])
        environment = spawn.environment({"LC_ALL": "C"}, spawn.SESSION)
        return await spawn.run(reactor, argv, environment, until)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        trouble = systemd.name_trouble(plain(self.unit))
        if trouble:
            yield "unit", trouble, "one name, as systemctl status shows it"
        if self.timeout <= 0:
            yield "timeout", "leaves no time", "90s is usual"
