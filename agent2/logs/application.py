"""What a day of an application's log says: errors, their types and hours, times."""

from __future__ import annotations

from agent2.core.value import value
from agent2.logs import records
from agent2.logs.folding import fold
from agent2.logs.lines import holding, of_day, tally
from agent2.logs.tally import Tally
from agent2.logs.times import Times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.logs.records import Record

HOURS = tuple(f"{hour:02d}" for hour in range(24))
_LAST = 10
_started = tally("Request started")


@value
class Slow:
    """A request over the limit."""

    time: str
    duration: float
    url: str | None


class Application:
    """Counts over the blocks of an application's log, as the guide's scripts count.

    Attributes:
        errors: Lines with the word ERROR (of the day).
        requests: Lines that say ``Request started``.
        unparsed: Error and time lines of another form than the file's.
        types: Messages of errors, folded.
        hours: Errors by hour; an hour without one is there.
        times: Seconds of requests.
        slow: The first of those that took longer than *limit*.
        latest: The last ten error lines.
    """

    def __init__(
        self, form: str, date: str = "", limit: float = 5.0, most: int = 10
    ) -> None:
        """Count lines of *form* (``json``, ``agent2``) that hold *date*."""
        self._read: Callable[[bytes], Record | None] = (
            records.parsed if form == "json" else records.plain
        )
        self._date = date.encode()
        self.limit = limit
        self._most = most
        self.errors = 0
        self.requests = 0
        self.unparsed = 0
        self.types = Tally()
        self.hours = dict.fromkeys(HOURS, 0)
        self.slow: list[Slow] = []
        self.latest: list[bytes] = []
        self._measured, self._told = Times(), Times()
        self._told_slow: list[Slow] = []

    @property
    def times(self) -> Times:
        """Seconds of requests.

        A service may write each twice: the measurements count, the words only where
        there is no measurement.
        """
        return self._measured if self._measured.count else self._told

    def feed(self, block: bytes) -> None:
        """Count the lines of *block*."""
        if self._date:
            block = of_day(block, self._date)
        for line in holding(block, b"ERROR"):
            self._error(line)
        self.requests += _started(block)
        lines = list(holding(block, b"api.request_duration"))
        self._timed(lines, self._measured, self.slow)
        if self._measured.count:
            return
        for mark in (b"s)", b"\xe5\x93\x8d\xe5\xba\x94\xe6\x97\xb6\xe9\x97\xb4"):
            found = holding(block, mark)
            lines = [line for line in found if b"api.request_duration" not in line]
            self._timed(lines, self._told, self._told_slow)

    def _error(self, line: bytes) -> None:
        self.errors += 1
        self.latest = [*self.latest[1 - _LAST :], line]
        record = self._read(line)
        if record is None:
            self.unparsed += 1
            return
        self.types.add((fold(record.message.encode("utf-8", "replace")),))
        if record.hour in self.hours:
            self.hours[record.hour] += 1

    def _timed(self, lines: list[bytes], times: Times, slow: list[Slow]) -> None:
        found = records.seconds_of(lines)
        times.update(seconds for seconds in found if seconds is not None)
        for line, seconds in zip(lines, found, strict=True):
            if seconds is None:
                self.unparsed += times is self._measured and self._read(line) is None
            elif seconds > self.limit and len(slow) < self._most:
                record = self._read(line)
                at, url = (record.at, record.url) if record else ("", None)
                slow.append(Slow(at, seconds, url))

    @property
    def slowest(self) -> list[Slow]:
        """The first requests over the limit, of the times that count."""
        return self.slow if self._measured.count else self._told_slow
