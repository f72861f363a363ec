"""How many packages of the machine wait to be updated, and how many for security?

People update; this counts. ``apt list --upgradable`` reads what the last ``apt update``
left: nothing is fetched, installed or locked.
"""

from __future__ import annotations

import os
import re

from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line
from agent2.core.value import value
from agent2.host import spawn

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Seconds

# A line of it: NAME/SUITE,SUITE VERSION ARCH [upgradable from: VERSION]
_SCRIPT = """
out=$(LC_ALL=C nice -n 19 apt list --upgradable 2>/dev/null) || exit 3
printf '%s\\n' "$out" | awk '/upgradable from/ { n++; if ($1 ~ /-security/) s++ }
END { print n + 0, s + 0 }'
"""
_TOLD = re.compile(rb"(\d+) (\d+)\s*")
_AGAIN = 3600.0  # seconds after which it is tried again where it could not be counted


class _Kept:
    """A slot beside the options: until when the last answer counts, and that answer."""

    __slots__ = ("kept",)
    kept: tuple[float, Finding] | None


@value
class UpdatesCheck(_Kept):
    """Count the packages of Debian or Ubuntu that can be updated; never install any.

    The figures are ``updates`` and ``security_updates``.

    Attributes:
        max: More of them warn; -1 is no limit.
        max_security: More of those from a security suite warn; -1 is no limit.
        every: Count so often; between two counts the last one is the answer.
    """

    kind = "updates"
    facet = Facet.HEALTH
    pace = "every"  # the option that says how often it really looks
    restartable = False

    max: int = -1
    max_security: int = -1
    every: Seconds = 86400.0

    def __post_init__(self) -> None:
        """Nothing is counted yet."""
        object.__setattr__(self, "kept", None)

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Return the last count, or count anew: a program does, and nobody waits."""
        if self.kept is not None and reactor.now() < self.kept[0]:
            return self.kept[1]
        found = await self._count(reactor, deadline)
        wait = self.every if found.outcome is Outcome.OK else min(self.every, _AGAIN)
        object.__setattr__(self, "kept", (reactor.now() + wait, found))
        return found

    async def _count(self, reactor: Reactor, deadline: float) -> Finding:
        until = deadline - min(0.05, (deadline - reactor.now()) / 10)
        argv = ("/bin/sh", "-c", _SCRIPT)
        try:
            ended = await spawn.run(reactor, argv, spawn.environment({}), until)
        except Exception as error:  # no room for a program: our trouble
            why = getattr(error, "strerror", None) or type(error).__name__
            return _cannot(f"cannot count: {why}")
        if ended.late or ended.status is None:
            return _cannot(
                "apt gave no answer in time: give the target a longer timeout"
            )
        told = _TOLD.fullmatch(ended.output)
        if told is None or os.waitstatus_to_exitcode(ended.status):
            return _cannot("apt list --upgradable cannot be asked here")
        return self._judge(int(told[1]), int(told[2]))

    def _judge(self, many: int, security: int) -> Finding:
        detail = f"{many} updates wait, {security} of them for security"
        passed = [
            f"{name} at most {limit}"
            for name, amount, limit in (
                ("max", many, self.max),
                ("max_security", security, self.max_security),
            )
            if 0 <= limit < amount
        ]
        figures = (("updates", float(many)), ("security_updates", float(security)))
        code = Code.LIMIT if passed else Code.OK
        detail = f"{detail} ({', '.join(passed)})" if passed else detail
        return Finding(Outcome.OK, code, one_line(detail), figures=figures)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        for name in ("max", "max_security"):
            if getattr(self, name) < -1:
                yield name, "is negative", "-1 is no limit, 0 warns of the first"
        if self.every < 60:
            yield "every", "is too often", "1d is usual"


def _cannot(why: str) -> Finding:
    return Finding(Outcome.ERROR, Code.INTERNAL, one_line(why))
