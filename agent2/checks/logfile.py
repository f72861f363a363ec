"""What does the service's log say of it? New lines only, counted against limits."""

from __future__ import annotations

import os
import time
from binascii import crc32

from agent2.checks import logfile_options
from agent2.core.model import Code, Facet, Finding, Outcome
from agent2.core.text import one_line, plain
from agent2.core.value import value
from agent2.logs.limits import Limits
from agent2.logs.reader import LogReader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.host.reactor import Reactor
    from agent2.logs.limits import Breach
    from agent2.plugins import Path, Seconds, Size

_MARGIN = 0.1  # of its time that a look leaves


class _Kept:
    """Slots beside the options: what is followed, and where it is remembered."""

    __slots__ = ("_keeps", "_place", "_reader")
    _keeps: bool
    _place: str
    _reader: LogReader | None


@value
class LogfileCheck(_Kept):
    """Follow a log through rotation and count what is new against limits.

    A limit that is passed warns; an error rate over *error_rate_crit* and the patterns
    in *critical* fail. Lines that stood there before the first look are not counted.

    Attributes:
        file: The log; it may not be there yet, and may be renamed or cut off.
        journal: Instead of a file: a unit of systemd's journal.
        format: auto, json, agent2 (plain lines), nginx:main, nginx:combined, or nginx:
            and a log_format.
        patterns: Name -> expression that is counted, by line.
        limits: Name of a pattern -> the most lines that are well; default 0.
        windows: Name of a pattern -> its window, where it is not *window*.
        daily: Name of a pattern that is counted by the day -> the most; 0 counts only.
        critical: Names of patterns whose limit is a failure.
        window: The span over which all else is counted.
        error_rate_warn: Percent of requests; 0 never warns.
        error_rate_crit: Percent of requests that is a failure; 0 never is.
        min_requests: Fewer than these in the window are no rate: 1 of 3 is no 33 %.
        errors: Expression of an error; an access log counts answers from 500 on.
        requests: Expression of a request; an access log counts its lines.
        slow: Response time that warns; 0 never does.
        slow_percentile: Percentile that is meant, for example 95; 0 is the mean.
        suspicious: Requests that one address may make, of those that begin as
            *suspicious_request*; 0 does not count them.
        suspicious_request: How such a request begins, in an access log.
        logins: Failed logins that one address may have; 0 does not count them.
        allow: Addresses and networks that are never told.
        missing: What it means that the file is not there: unknown, ok, warn or fail.
        from_start: Count what stood there before the first look too.
        max_bytes: Read at most so much at one look; older lines are left out, and told.
        max_size: A file that is larger warns: nobody rotates it; 0 asks nothing.
        max_age: So long after it began, or was first seen, it must have begun anew, or
            it warns; an empty one need not. 0 asks nothing.
    """

    kind = "logfile"
    facet = Facet.HEALTH
    restartable = False
    CHOICES = {"missing": ("unknown", "ok", "warn", "fail")}  # noqa: RUF012

    file: Path = ""
    journal: str = ""
    format: str = "auto"
    patterns: dict[str, str] = {}  # noqa: RUF012  (never changed; see core/value.py)
    limits: dict[str, int] = {}  # noqa: RUF012
    windows: dict[str, Seconds] = {}  # noqa: RUF012
    daily: dict[str, int] = {}  # noqa: RUF012
    critical: tuple[str, ...] = ()
    window: Seconds = 300.0
    error_rate_warn: float = 1.0
    error_rate_crit: float = 5.0
    min_requests: int = 1
    errors: str = "ERROR"
    requests: str = "Request started"
    slow: Seconds = 5.0
    slow_percentile: float = 0.0
    suspicious: int = 0
    suspicious_request: str = "POST /api/v1"
    logins: int = 0
    allow: tuple[str, ...] = ()
    missing: str = "unknown"
    from_start: bool = False
    max_bytes: Size = 16777216
    max_size: Size = 0
    max_age: Seconds = 0.0

    def __post_init__(self) -> None:
        """Begin with nothing followed."""
        self.settle_in("", keeps=False)

    def settle_in(self, state_dir: str, *, keeps: bool) -> None:
        """Remember below *state_dir* what must survive a restart, or only read it.

        The file is named after what is counted: a changed limit forgets nothing.
        """
        counted = (
            plain(self.file), self.journal, self.format, self.patterns, self.windows,
            self.window, self.errors, self.requests, tuple(self.daily),
            bool(self.slow), bool(self.suspicious), self.suspicious_request,
            bool(self.logins),
        )  # fmt: skip
        name = f"{crc32(repr(counted).encode('utf-8', 'replace')):08x}.json"
        place = os.path.join(state_dir, "logs", name) if state_dir else ""
        object.__setattr__(self, "_place", place)
        object.__setattr__(self, "_keeps", keeps)
        object.__setattr__(self, "_reader", None)

    def close(self) -> None:
        """Hold nothing open any more."""
        if self._reader is not None:
            self._reader.close()

    def evidence(self) -> tuple[str, ...]:
        """Return the last ten lines that were counted against a limit, redacted."""
        return tuple(self._reader.latest) if self._reader is not None else ()

    async def probe(self, reactor: Reactor, deadline: float) -> Finding:
        """Count what is new, in a thread: a disk may be slow."""
        try:
            if self._reader is None:
                object.__setattr__(self, "_reader", self._made())
            reader = self._reader
            if reader is None or reader.busy:
                return _cannot("the last look at the log still goes on")
            left = (deadline - reactor.now()) * (1.0 - _MARGIN)
            if left <= 0.0:
                return _cannot("no time is left")
            breaches = await reactor.thread(
                reader.look, time.time(), left, deadline=deadline
            )
        except TimeoutError:
            return _cannot("the log could not be read in time")
        except OSError as error:
            return _cannot(f"{plain(self.file)}: {error.strerror or error}")
        except Exception as error:  # a secret that is gone, no thread: our trouble
            return _cannot(f"{type(error).__name__}: {error}")
        return self._judge(reader, breaches)

    def problems(self) -> Iterator[tuple[str, str, str]]:
        """Tell what is wrong with the options."""
        return logfile_options.problems(self)

    def _made(self) -> LogReader:
        limits = Limits(
            {name: plain(pattern) for name, pattern in self.patterns.items()},
            self.limits,
            self.windows,
            self.daily,
            self.window,
            self.error_rate_warn,
            self.error_rate_crit,
            self.min_requests,
            plain(self.errors),
            plain(self.requests),
            self.slow,
            self.slow_percentile,
            self.suspicious,
            plain(self.suspicious_request),
            self.logins,
            logfile_options.allowed(self.allow),
            self.critical,
            self.max_size,
            self.max_age,
        )
        return LogReader(
            str(self.file),
            plain(self.journal),
            plain(self.format),
            limits,
            self._place,
            writes=self._keeps,
            whole=self.from_start,
            most=self.max_bytes,
        )

    def _judge(self, reader: LogReader, breaches: list[Breach]) -> Finding:
        if reader.missing and self.missing != "ok":
            detail = one_line(f"{plain(self.file)} is not there")
            means = {"fail": Outcome.FAIL, "warn": Outcome.OK}
            missing = means.get(self.missing, Outcome.ERROR)
            return Finding(missing, Code.LOG_MISSING, detail)
        told = reader.told
        if not breaches:
            return Finding(Outcome.OK, Code.OK, one_line(told), figures=reader.figures)
        breaches.sort(key=lambda breach: not breach.critical)
        first = breaches[0]
        texts = [breach.text for breach in breaches]
        if reader.skipped:
            texts.append(told)
        if reader.latest and first.code not in (Code.SLOW, Code.LIMIT):
            texts.append(f"last: {reader.latest[-1]}")
        outcome = Outcome.FAIL if first.critical else Outcome.OK
        detail = one_line("; ".join(texts))
        return Finding(
            outcome, first.code, detail, first.seconds, figures=reader.figures
        )


def _cannot(why: str) -> Finding:
    return Finding(Outcome.ERROR, Code.INTERNAL, one_line(why))
