"""Is the machine, or a process with all that it started, near one of its limits?"""

from __future__ import annotations

import re

from agent2.checks import resources_machine, resources_processes
from agent2.checks.resources_seen import Kept
from agent2.core.gauges import judge, told
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.checks.resources_seen import Seen
    from agent2.host.reactor import Reactor
    from agent2.plugins import Path, Size


class _Kept:
    """A slot beside the options, for what is remembered from look to look."""

    __slots__ = ("kept",)
    kept: Kept


@value
class ResourcesCheck(_Kept):
    """Compare what the machine or, with *file* or *match*, a process uses with limits.

    Amounts above a limit warn, samples times in a row (until then a check that has just
    begun does not know); *strict* lets them fail. A limit
    of 0 is none: the amount is measured and kept as a series all the same.

    Attributes:
        file: PID file: look at that process and all that it started, not the machine.
        match: Pattern in name or command line, instead of file: all such processes.
        user: Of those that match only processes of this user, by name or number.
        cpu: Percent of all processors of the machine.
        memory: Percent of its memory that is not available.
        swap: Percent of its swap.
        disk: Percent of the bytes of each of disks, as df counts.
        inodes: Percent of their inodes.
        disks: Mount points.
        disk_io: Bytes that all disks read and write in a second (Linux).
        disk_busy: Percent of the time that the busiest disk works (Linux).
        load: Load of the last minute for each processor.
        pressure: Percent of the last minute that some waited for CPU, memory or disk.
        process_cpu: Percent of one processor that the processes use.
        rss: Memory of the processes.
        files: Percent of the descriptors that one process may open (nofile).
        threads: Threads of the processes.
        leak: Warn when their memory rises towards rss, or else all of the machine's.
        leak_strict: Fail with a leak, so that restart is asked for it, within budget.
        on_leak: Program and arguments, run once when a leak begins to be suspected,
            with the process in AGENT2_PID: for a dump.
        port: Count the connections of this local port.
        connections: Connections of it, without the listening socket.
        samples: Amounts in a row that it takes to warn, and to be well again.
        margin: Well again at this many percent of the limit below it.
        strict: Fail instead of warn.
    """

    kind = "resources"
    facet = Facet.HEALTH
    restartable = False

    file: Path = ""
    match: str = ""
    user: str = ""
    cpu: float = 80.0
    memory: float = 80.0
    swap: float = 0.0
    disk: float = 80.0
    inodes: float = 80.0
    disks: tuple[str, ...] = ("/",)
    disk_io: Size = 0
    disk_busy: float = 0.0
    load: float = 0.0
    pressure: float = 0.0
    process_cpu: float = 0.0
    rss: Size = 0
    files: float = 80.0
    threads: int = 0
    leak: bool = True
    leak_strict: bool = False
    on_leak: tuple[str, ...] = ()
    port: int = 0
    connections: int = 0
    samples: int = 3
    margin: float = 5.0
    strict: bool = False

    def __post_init__(self) -> None:
        """Remember nothing."""
        object.__setattr__(self, "kept", Kept())

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Measure once, in a thread: a dead network disk blocks whoever asks for it."""
        if self.kept.busy:
            return _trouble("the last look has not ended: does a disk not answer?")
        if reactor.now() >= deadline:
            return _trouble("no time to look")
        self.kept.busy = True
        try:
            seen = await reactor.thread(self._measure, deadline=deadline)
        except TimeoutError:
            return _trouble("no answer in time: does a disk not answer?")
        except Exception as error:  # no thread, no memory, no /proc: our trouble
            self.kept.busy = False
            return _trouble(f"cannot look: {getattr(error, 'strerror', None) or error}")
        if self.on_leak and (seen.leak or self.kept.dumped):
            from agent2.checks import resources_leak  # few ask for it

            seen = await resources_leak.told(self, seen, reactor, deadline)
        return self._found(seen)

    def _measure(self) -> Seen:
        whole = not plain(self.file) and not plain(self.match)
        look = resources_machine.look if whole else resources_processes.look
        try:
            return look(self, self.kept)
        finally:
            self.kept.busy = False

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if plain(self.file) and plain(self.match):
            yield "match", "does not go with file", "name the processes in one way"
        try:
            re.compile(plain(self.match))
        except re.error as error:
            yield "match", f"is no pattern: {error}", "write . for any character"
        whose, whole = plain(self.user), not plain(self.file)
        if whose and not plain(self.match):
            yield "user", "goes with match alone", "add match: uvicorn"
        for name in ("leak_strict", "on_leak"):
            if getattr(self, name) and whole and not plain(self.match):
                yield name, "needs processes", "add file or match"
        if self.samples < 1:
            yield "samples", "is too small", "1 warns at once"
        if not 0.0 <= self.margin < 100.0:
            yield (
                "margin",
                "is no percentage",
                "5 is well again at 76 for a limit of 80",
            )
        if not 0 <= self.port <= 65535:
            yield "port", "is no port", "a number from 1 to 65535; 0 is none"
        if self.connections and not self.port:
            yield "connections", "needs a port", "add port: 8000"
        if not self.disks:
            yield "disks", "is empty", "for example [/]; disk: 0 is no limit"

    def _found(self, seen: Seen) -> Finding:
        if seen.missing:
            code = Code.PID_MISSING if plain(self.file) else Code.PID_DEAD
            return Finding(Outcome.FAIL, code, one_line(seen.missing))
        held, passed, unsure = judge(
            seen.gauges, self.kept.held, self.samples, self.margin
        )
        self.kept.held = held
        figures = tuple(
            (one.name, one.amount) for one in seen.gauges if one.amount is not None
        )
        trouble = seen.trouble or "".join(
            f"{told(one)}: not yet seen {self.samples} times" for one in unsure[:1]
        )
        if not passed and trouble:
            return Finding(
                Outcome.ERROR, Code.INTERNAL, one_line(trouble), figures=figures
            )
        leaks = Finding(
            Outcome.FAIL if self.leak_strict else Outcome.OK,
            Code.MEMORY_LEAK,
            one_line(seen.leak),
            figures=figures,
        )
        if seen.leak and self.leak_strict:
            return leaks
        if passed:
            outcome = Outcome.FAIL if self.strict else Outcome.OK
            detail = one_line("; ".join(map(told, passed)))
            return Finding(outcome, passed[0].code, detail, figures=figures)
        if seen.leak:
            return leaks
        return Finding(Outcome.OK, Code.OK, one_line(seen.summary), figures=figures)


def _trouble(detail: str) -> Finding:
    return Finding(Outcome.ERROR, Code.INTERNAL, one_line(detail))
