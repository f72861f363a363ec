"""What does a program of the user's say? Exit codes as Nagios plugins have them."""

from __future__ import annotations

import os

from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.redaction import redact
from agent2.core.text import one_line, plain, revealed, scrub
from agent2.core.value import value
from agent2.host import spawn
from agent2.host.exits import describe_exit

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.host.spawn import Ended

_MARGIN = 0.05  # seconds before the deadline at which the command is killed


@value
class CommandCheck:
    """Run a program without a shell: 0 is well, 1 warns, 2 fails, 3 does not know.

    Any other exit code fails. It gets PATH, LANG, HOME and *env*, no descriptor and
    no input; when time is up it is killed with all that it started.

    Attributes:
        argv: Program and arguments.
        env: Added to its environment.
    """

    kind = "command"
    facet = Facet.HEALTH

    argv: tuple[str, ...]
    env: dict[str, str] = {}  # noqa: RUF012  (never changed; see core/value.py)

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Run it once."""
        begun = reactor.now()
        margin = min(_MARGIN, (deadline - begun) / 10)
        try:
            argv = [plain(word) for word in self.argv]
            env = {name: plain(text) for name, text in self.env.items()}
            everything = spawn.environment(env)
            ended = await spawn.run(reactor, argv, everything, deadline - margin)
        except Exception as error:  # not there, no room, a secret gone: our trouble
            why = getattr(error, "strerror", None) or type(error).__name__
            detail = one_line(f"cannot run {self.argv[0]}: {why}")
            return Finding(Outcome.ERROR, Code.INTERNAL, detail)
        secrets = revealed((*self.argv, *self.env.values()))
        whole = ended.output.decode("utf-8", "replace")
        said = _first_line(redact(scrub(whole, secrets)))
        return _judge(ended, said, reactor.now() - begun)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not self.argv:
            yield "argv", "is empty", "for example [/usr/lib/nagios/plugins/check_load]"
        for name in self.env:
            if not name or "=" in name or "\0" in name:
                yield "env", f"{name!r} is no name of a variable", "letters, digits, _"


def _judge(ended: Ended, said: str, took: float) -> Finding:
    if ended.late or ended.status is None:
        detail = one_line(f"command did not end in time: killed. {said}".strip())
        return Finding(Outcome.FAIL, Code.COMMAND_TIMEOUT, detail)
    how = describe_exit(ended.status)
    detail = one_line(f"{how}: {said}" if said else how)
    timings = (("total", took),)
    if not os.WIFEXITED(ended.status):
        return Finding(Outcome.FAIL, Code.COMMAND_FAILED, detail, None, timings)
    match os.WEXITSTATUS(ended.status):
        case 0:
            outcome, code, detail = Outcome.OK, Code.OK, one_line(said or how)
        case 1:
            outcome, code = Outcome.OK, Code.COMMAND_FAILED
        case 3:
            outcome, code = Outcome.ERROR, Code.COMMAND_FAILED
        case _:
            outcome, code = Outcome.FAIL, Code.COMMAND_FAILED
    return Finding(outcome, code, detail, None, timings)


def _first_line(output: str) -> str:
    """Return the first line without Nagios's performance data after ``|``."""
    lines = output.strip().splitlines()
    return lines[0].partition("|")[0].strip() if lines else ""
