"""Is there a file, new and large enough, and whole? For what backups leave behind.

    checks:
      - kind: file
        path: /var/backups/app/backup_*.sql.gz
        max_age: 25h
        min_size: 1MiB
        min_percent: 50
        gzip: true

The newest file that fits is looked at; the one before it is the measure of
`min_percent`. One that was written less than `settle` ago is still being written: the
one before it counts, if there is one. A file that is not there or too old has the code
`stale_heartbeat`, a wrong size `status_value`, a damaged gzip file `shape`. `gzip`
reads the whole file once, at most half a second in each look; until then its state is
unknown.
"""

from __future__ import annotations

import os
import stat
import time

from agent2.checks import net
from agent2.checks.alone import Alone
from agent2.checks.gzip_test import GzipTest
from agent2.core import fileage
from agent2.core.fileage import Seen, Wanted, bytes_
from agent2.core.heartbeat import ago
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain, revealed, scrub
from agent2.core.value import replace, value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.plugins import Path, Seconds, Size

_MOST = 20_000  # names of one folder
_SLICE = 0.5  # seconds of one look for reading


class _Memory:
    """What is remembered from look to look."""

    __slots__ = ("_alone", "_past", "_test")
    _alone: Alone
    _past: list[Seen]  # of a path without pattern: as it was, and as it is, settled
    _test: GzipTest


@value
class FileCheck(_Memory):
    """Look at a file, or at the newest of those that fit a pattern.

    Attributes:
        path: The file; in its last part * ? and [...] stand for others.
        max_age: How long ago it may have been written; 0 asks nothing.
        min_size: The least it may have.
        max_size: The most it may have; 0 asks nothing.
        min_percent: The least it may have, in % of the one before it.
        settle: For so long after its last change it is still being written.
        gzip: It must be a whole gzip file.
    """

    kind = "file"
    facet = Facet.HEALTH
    restartable = False

    path: Path
    max_age: Seconds = 0.0
    min_size: Size = 0
    max_size: Size = 0
    min_percent: float = 0.0
    settle: Seconds = 60.0
    gzip: bool = False

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Look once; a part of a large gzip file is read in each look."""
        hidden: tuple[str, ...] = ()
        try:
            hidden = revealed((self.path,))
            slice_s = min(_SLICE, max(deadline - reactor.now(), 0.0) / 4)
            look = self._look
            found = await self._alone.run(reactor, look, slice_s, deadline=deadline)
            return replace(found, detail=scrub(found.detail, hidden))
        except net.ProbeError as error:
            return error.finding
        except FileNotFoundError:
            detail = scrub(f"{plain(self.path)}: there is no such file", hidden)
            return Finding(Outcome.FAIL, Code.STALE_HEARTBEAT, one_line(detail))
        except Exception as error:  # not readable, a secret gone: our trouble
            return net.own_trouble(error).finding

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        if _is_pattern(os.path.dirname(plain(self.path))):
            yield "path", "has a pattern in a folder", "only the last part may have one"
        if 0 < self.max_size < self.min_size:
            yield "max_size", "is less than min_size", "no file could be both"
        if self.min_percent < 0:
            yield "min_percent", "is negative", "50 is half of the one before"

    def __post_init__(self) -> None:
        """Begin with nothing remembered."""
        object.__setattr__(self, "_alone", Alone())
        object.__setattr__(self, "_past", [])
        object.__setattr__(self, "_test", GzipTest())

    def _look(self, slice_s: float) -> Finding:
        path, until = plain(self.path), time.monotonic() + slice_s
        settled = time.time() - self.settle
        newest, before = self._found(path, settled)
        if self._unsettled(newest, settled):
            detail = f"{newest.name}: {bytes_(newest.size)}, is being written"
            return Finding(Outcome.OK, Code.OK, one_line(detail))
        limits = (self.max_age, self.min_size, self.max_size, self.min_percent)
        wrong = list(fileage.faults(newest, before, Wanted(*limits), time.time()))
        tested = True
        if self.gzip:
            which = (newest.name, newest.size, newest.written)
            self._test.go_on(newest.name, which, until)
            tested = self._test.fault is not None
            if self._test.fault:
                wrong.append((Code.SHAPE, self._test.fault))
        if wrong:
            detail = f"{newest.name}: {', '.join(text for _, text in wrong)}"
            return Finding(Outcome.FAIL, wrong[0][0], one_line(detail))
        if not tested:  # not yet known: an outage that was told must not end by that
            detail = f"{newest.name}: {self._test.part:.0%} of it tested, whole so far"
            return Finding(Outcome.ERROR, Code.INTERNAL, one_line(detail))
        age = ago(time.time() - newest.written)
        detail = f"{newest.name}: {bytes_(newest.size)}, {age} old"
        return Finding(Outcome.OK, Code.OK, one_line(detail))

    def _unsettled(self, seen: Seen, settled: float) -> bool:
        """Is it being written? Not what claims to be of a day that is to come."""
        now = settled + self.settle
        return bool(self.settle) and settled < seen.written <= now + fileage.AHEAD

    def _found(self, path: str, settled: float) -> tuple[Seen, Seen | None]:
        """Return the newest file that is not being written, and the one before it.

        Raises:
            FileNotFoundError: there is none.
        """
        if _is_pattern(os.path.basename(path)):
            found = sorted(_matching(path), key=lambda seen: (seen.written, seen.name))
            ready = [one for one in found if not self._unsettled(one, settled)] or found
        else:
            facts = os.stat(path)
            if not stat.S_ISREG(facts.st_mode):
                raise FileNotFoundError(path)
            now = Seen(path, facts.st_size, facts.st_mtime)
            if self._unsettled(now, settled):
                return now, None
            if now not in self._past:
                self._past[:] = [*self._past[-1:], now]
            ready = self._past
        if not ready:
            raise FileNotFoundError(path)
        return ready[-1], ready[-2] if len(ready) > 1 else None


def _is_pattern(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def _matching(path: str) -> list[Seen]:
    from fnmatch import fnmatchcase

    folder, pattern = os.path.split(path)
    found = []
    with os.scandir(folder) as entries:
        for number, entry in enumerate(entries):
            if number >= _MOST:
                raise OSError(0, f"{folder} has more than {_MOST} files")
            hidden = entry.name.startswith(".") and not pattern.startswith(".")
            if hidden or not fnmatchcase(entry.name, pattern):
                continue
            try:
                facts = entry.stat()
            except FileNotFoundError:
                continue  # it went, or leads nowhere
            if stat.S_ISREG(facts.st_mode):
                found.append(Seen(entry.path, facts.st_size, facts.st_mtime))
    return found
