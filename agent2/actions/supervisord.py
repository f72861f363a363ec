"""Restart a program of supervisord (supervisord.org/api.html), over its Unix socket."""

from __future__ import annotations

import os

from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host.unix_http import AnswerError
from agent2.plan.secret import Secret
from agent2.plugins import AtOnce, Deed, refused
from agent2.wire import xmlrpc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Order, Path, Seconds

_NOT_RUNNING = 70  # supervisor.xmlrpc.Faults: to stop what does not run is no trouble


@value
class SupervisordAction(AtOnce):
    """Stop and start one program, each waited for.

    Attributes:
        program: Its name, ``group:name`` where they differ.
        socket: Where supervisord listens (``unix_http_server``).
        username: For a socket that asks for it.
        password: For a socket that asks for it.
        timeout: Seconds it may take in all.
    """

    kind = "supervisord"
    label = "action.supervisord"

    program: str
    socket: Path = "/var/run/supervisor.sock"
    username: str = ""
    password: Secret = Secret("")
    timeout: Seconds = 60.0

    async def run(self, _order: Order, reactor: Reactor) -> Deed:
        """Restart it; done when supervisord says that it runs."""
        until = reactor.now() + self.timeout
        name = plain(self.program)
        try:
            before = await self._ask(reactor, until, "getProcessInfo", name)
            if before.get("pid") == os.getpid():
                return refused(f"{name} is Agent2 itself")
            try:
                await self._ask(reactor, until, "stopProcess", name, True)
            except xmlrpc.FaultError as fault:
                if fault.code != _NOT_RUNNING:
                    raise
            await self._ask(reactor, until, "startProcess", name, True)
            now = await self._ask(reactor, until, "getProcessInfo", name)
        except xmlrpc.FaultError as fault:
            return refused(f"supervisord refuses {name}: {fault}")
        except AnswerError as error:
            return refused(f"supervisord: {error}")
        except TimeoutError:
            return refused(f"supervisord did not restart {name} in {self.timeout:g} s")
        except OSError as error:
            return refused(f"cannot ask supervisord: {error.strerror}")
        how = f"pid {before.get('pid')} -> {now.get('pid')}"
        return Deed(done=True, detail=one_line(f"{name} restarted, {how}"))

    async def _ask(
        self, reactor: Reactor, until: float, method: str, *arguments: str | bool
    ) -> dict[str, xmlrpc.Plain]:
        login = f"{plain(self.username)}:{plain(self.password)}"
        path = os.path.expanduser(plain(self.socket))
        login = login if self.username else ""
        method = f"supervisor.{method}"
        return await xmlrpc.ask(reactor, path, login, until, method, *arguments)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not self.program:
            yield "program", "is empty", "the name that supervisorctl status shows"
        if self.timeout <= 0:
            yield "timeout", "leaves no time", "60s is usual"
        if self.password != Secret("") and not self.username:
            yield "password", "is given without username", "add username"
