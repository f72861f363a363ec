"""How does supervisord say that a program does (supervisord.org/api.html)?"""

from __future__ import annotations

import os

from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host.processes import identity_of
from agent2.host.unix_http import AnswerError
from agent2.plan.secret import Secret
from agent2.wire import xmlrpc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Path

# Its words (subprocesses.html#process-states); what is not here is down.
# BACKOFF is too: a start failed, the next one waits.
_ON_ITS_WAY = ("STARTING", "STOPPING")


@value
class SupervisordCheck:
    """Ask for one program's state: RUNNING is well, the rest fails.

    While it starts or stops it is neither: no restart is called a success by that.

    Attributes:
        program: Its name, ``group:name`` where they differ.
        socket: Where supervisord listens (``unix_http_server``).
        username: For a socket that asks for it.
        password: For a socket that asks for it.
    """

    kind = "supervisord"
    facet = Facet.PROCESS

    program: str
    socket: Path = "/var/run/supervisor.sock"
    username: str = ""
    password: Secret = Secret("")

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Ask once."""
        name, path = plain(self.program), os.path.expanduser(plain(self.socket))
        login = (
            f"{plain(self.username)}:{plain(self.password)}" if self.username else ""
        )
        method = "supervisor.getProcessInfo"
        begun = reactor.now()
        try:
            told = await xmlrpc.ask(reactor, path, login, deadline, method, name)
        except xmlrpc.FaultError as fault:
            return _found(Outcome.FAIL, Code.PID_MISSING, f"supervisord: {fault}")
        except AnswerError as error:
            return _found(Outcome.FAIL, Code.REFUSED, f"supervisord: {error}")
        except TimeoutError:
            said = "supervisord does not answer in time"
            return _found(Outcome.FAIL, Code.DEADLINE, said)
        except OSError as error:
            why = f"cannot ask supervisord: {error.strerror}"
            return _found(Outcome.ERROR, Code.INTERNAL, why)
        return _judged(name, told, (("total", reactor.now() - begun),))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not self.program:
            yield "program", "is empty", "the name that supervisorctl status shows"


def _judged(
    name: str, told: dict[str, xmlrpc.Plain], timings: tuple[tuple[str, float], ...]
) -> Finding:
    state, pid = told.get("statename", "UNKNOWN"), told.get("pid")
    more = told.get("description")
    detail = one_line(f"{name} is {state}" + (f": {more}" if more else ""))
    if state == "RUNNING":
        identity = identity_of(pid) if isinstance(pid, int) else None
        return Finding(Outcome.OK, Code.OK, detail, None, timings, identity)
    if state in _ON_ITS_WAY:
        return Finding(Outcome.ERROR, Code.STATUS_VALUE, detail, None, timings)
    return Finding(Outcome.FAIL, Code.PID_DEAD, detail, None, timings)


def _found(outcome: Outcome, code: Code, detail: str) -> Finding:
    return Finding(outcome, code, one_line(detail))
