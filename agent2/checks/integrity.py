"""Has anybody changed, added or removed a file?

    checks:
      - kind: integrity
        paths: [/opt/app]
        include: ["*.py"]
        baseline: /etc/agentos/app.sha256

`agent2 integrity baseline` writes the list that is compared with, in the form of
`sha256sum` (lists of `md5sum` are read too); keep it where the service cannot write.
A look at everything begins each `every` and takes as long as `rate` asks for; what
differs is named, with the code `component`. Until all was looked at once, nothing
is said of it.
"""

from __future__ import annotations

import os
import time

from agent2.checks import net
from agent2.checks.alone import Alone
from agent2.core import integrity
from agent2.core.integrity import Difference
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain, revealed, scrub
from agent2.core.value import replace, value
from agent2.host.checksums import Scan, baseline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Path, Seconds, Size

_SLICE = 1.0  # seconds of one look
_NAP = 0.0002  # seconds for the others after each step


class _Memory:
    """What is remembered from look to look."""

    __slots__ = ("_alone", "_found", "_round")
    _alone: Alone
    _round: _Round
    _found: Difference | None


class _Round:
    """One look at everything, over as many probes as it takes."""

    def __init__(self) -> None:
        self.stamp: object = None
        self.known: dict[str, str] = {}
        self.scan: Scan | None = None
        self.steps: Iterator[int] = iter(())
        self.due = 0.0
        self.debt = 0.0  # seconds still to be rested for what was read


@value
class IntegrityCheck(_Memory):
    """Compare the files below some folders with a list of their checksums.

    Attributes:
        paths: Folders, or single files; links in them are not followed.
        baseline: The list.
        include: Patterns of names; without any, every file counts.
        exclude: Patterns of names, or of whole paths, that do not count.
        every: From the beginning of one look at everything to the next.
        rate: The most that is read in a second.
    """

    kind = "integrity"
    facet = Facet.HEALTH
    pace = "every"  # the option that says how often it really looks
    restartable = False

    paths: tuple[Path, ...]
    baseline: Path
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    every: Seconds = 300.0
    rate: Size = 10 << 20

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Look at some more files."""
        hidden: tuple[str, ...] = ()
        try:
            hidden = revealed((*self.paths, self.baseline))
            slice_s = min(_SLICE, max(deadline - reactor.now(), 0.0) / 2)
            look = self._look
            found = await self._alone.run(reactor, look, slice_s, deadline=deadline)
        except net.ProbeError as error:
            found = error.finding
        except Exception as error:  # a folder that cannot be read: our trouble
            found = net.own_trouble(error).finding
        return replace(found, detail=scrub(found.detail, hidden))

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if not self.paths:
            yield "paths", "is empty", "for example [/opt/app]"
        if self.rate < 1:
            yield "rate", "is 0: nothing could be read", "10MiB is usual"

    def __post_init__(self) -> None:
        """Begin with nothing looked at."""
        object.__setattr__(self, "_alone", Alone())
        object.__setattr__(self, "_round", _Round())
        object.__setattr__(self, "_found", None)

    def _look(self, slice_s: float) -> Finding:
        until, now = time.monotonic() + slice_s, self._round
        if self._is_new():
            object.__setattr__(self, "_found", None)
            now.scan, now.due = None, 0.0
        if now.scan is None and time.monotonic() >= now.due:
            roots = tuple(map(plain, self.paths))
            now.scan = Scan(roots, self.include, self.exclude, now.known)
            now.steps = now.scan.steps()
            now.due = time.monotonic() + self.every
        try:
            if now.scan is not None and self._advance(now.steps, until):
                object.__setattr__(self, "_found", now.scan.difference())
                now.scan = None
        except BaseException:
            now.scan, now.due = None, 0.0  # half a look is none
            raise
        return self._finding(len(now.known))

    def _advance(self, steps: Iterator[int], until: float) -> bool:
        """Go on until the time is over; was it the end?"""
        now = self._round
        while (left := until - time.monotonic()) > 0.0:
            rest = min(now.debt, left)
            now.debt -= rest
            time.sleep(max(rest, _NAP))
            if now.debt > 0.0:
                break
            read = next(steps, None)
            if read is None:
                return True
            now.debt += read / self.rate
        return False

    def _finding(self, many: int) -> Finding:
        scan, found = self._round.scan, self._found
        sofar = scan.difference() if scan is not None else Difference()
        if sofar or found:
            detail = one_line(integrity.told(sofar or found or sofar))
            return Finding(Outcome.FAIL, Code.COMPONENT, detail)
        if found is None:
            seen = 0 if scan is None else scan.seen
            detail = f"not all was looked at yet: {seen} of {many} files, none differs"
            return Finding(Outcome.ERROR, Code.INTERNAL, detail)
        return Finding(Outcome.OK, Code.OK, f"{many} files are as they were")

    def _is_new(self) -> bool:
        """Read the baseline if it is another one than that which was read last."""
        path, now = plain(self.baseline), self._round
        try:
            facts = os.stat(path)
            stamp = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
            if stamp == now.stamp:
                return False
            now.stamp = None
            roots = tuple(map(plain, self.paths))
            now.known = baseline(path, roots)
            now.stamp = stamp
        except FileNotFoundError:
            why = f"{path}: there is no baseline; run: agent2 integrity baseline"
            raise net.ProbeError(Code.COMPONENT, why) from None
        except (OSError, integrity.ListError) as error:
            why = f"{path}: {getattr(error, 'strerror', None) or error}"
            raise net.ProbeError(Code.COMPONENT, why) from None
        return True
