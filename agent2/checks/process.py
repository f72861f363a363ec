"""Do as many processes run as should, found by a pattern in their command line?"""

from __future__ import annotations

import re

from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.host import trees

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor

_SHOWN = 8  # numbers in the detail


@value
class ProcessCheck:
    """Count the processes whose name, program or command line has a pattern.

    Never Agent2 itself, nor who started it. Fewer than *min* fail; more than *max*
    warn.

    Attributes:
        match: The pattern, a regular expression.
        min: Fewer than these are a failure.
        max: More than these warn; 0 is no limit.
        user: Only processes of this user count, by name or number.
    """

    kind = "process"
    facet = Facet.PROCESS

    match: str
    min: int = 1
    max: int = 0
    user: str = ""

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Count once, in a thread: there may be thousands."""
        if reactor.now() >= deadline:
            return Finding(Outcome.ERROR, Code.INTERNAL, "no time to look")
        try:
            found = await reactor.thread(
                _matching, plain(self.match), plain(self.user), deadline=deadline
            )
        except TimeoutError:
            return Finding(Outcome.ERROR, Code.INTERNAL, "no answer in time")
        except Exception as error:  # no thread, no memory, a secret gone: our trouble
            why = getattr(error, "strerror", None) or type(error).__name__
            return Finding(
                Outcome.ERROR, Code.INTERNAL, one_line(f"cannot look: {why}")
            )
        return self._judge(found)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        try:
            if not plain(self.match):
                yield "match", "is empty", "for example uvicorn"
            re.compile(plain(self.match))
        except re.error as error:
            yield "match", f"is no pattern: {error}", "write . for any character"
        if self.min < 0:
            yield "min", "is too small", "0 lets none be well"
        if self.max and self.max < self.min:
            yield "max", "is smaller than min", "0 is no limit"

    def _judge(self, found: list[trees.Proc]) -> Finding:
        many = len(found)
        pids = " ".join(str(one.pid) for one in found[:_SHOWN])
        whose = f" of {plain(self.user)}" if plain(self.user) else ""
        detail = f"{many}{whose} match {plain(self.match)!r}"
        if pids:
            detail += f": PID {pids}{' …' if many > _SHOWN else ''}"
        figures = (("processes", float(many)),)
        identity = f"{found[0].pid}:{found[0].start}" if found else None
        outcome, code = Outcome.OK, Code.OK
        if many < self.min:
            outcome, code = Outcome.FAIL, Code.PID_DEAD
            detail += f" (at least {self.min})"
        elif self.max and many > self.max:
            code = Code.LIMIT
            detail += f" (at most {self.max})"
        return Finding(outcome, code, one_line(detail), None, (), identity, figures)


def _matching(pattern: str, user: str) -> list[trees.Proc]:
    return trees.matching(pattern, trees.table(), user)
