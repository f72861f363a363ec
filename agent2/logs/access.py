"""What an access log says: addresses, answers, hours, times, and who asks too often."""

from __future__ import annotations

import re
from collections import Counter

from agent2.logs.lines import of_day
from agent2.logs.nginx import Columns
from agent2.logs.tally import Tally
from agent2.logs.times import Times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.logs.nginx import LogFormat, Row
    from agent2.logs.tally import Counts

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_ROWS = 20_000  # different ones that are counted together
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_TIMES = {"time_local": 14, "time_iso8601": 13, "": 0}  # characters up to the hour
_ADDRESS, _REQUEST = "remote_addr", "request"


class Access:
    """Counts over the blocks of an access log.

    Attributes:
        lines: Lines of the day that are of the format.
        addresses: Requests by address.
        asked: Of these, requests that begin as *suspect* says.
        statuses: Answers by status.
        hours: Requests by ``day:hour`` as the log writes it.
        times: Seconds of requests, where the format has ``$request_time``.
    """

    def __init__(
        self, form: LogFormat, date: str = "", suspect: str = "POST /api/v1"
    ) -> None:
        """Read lines of *form*; *date* is ``YYYY-MM-DD`` or "" for all."""
        self._date = _day(date, form).encode()
        self.lines = 0
        self.addresses, self.asked = Tally(), Tally()
        self.statuses, self.hours = Tally(1000), Tally(100_000)
        self.times = Times()
        self._time = next((name for name in _TIMES if name in form.names), "")
        wanted = {_ADDRESS: 0, "status": 0, self._time: _TIMES[self._time]}
        self._columns = Columns(form, wanted | {_REQUEST: suspect.encode()})
        self._seconds = Columns(form, {"request_time": 0})
        self._rows: Counter[Row] = Counter()

    @property
    def unparsed(self) -> int:
        """Lines of the day that are of no such format."""
        return self._columns.broken

    def feed(self, block: bytes) -> None:
        """Count the lines of *block*."""
        if self._date:
            block = of_day(block, self._date)
        if not block:
            return
        lines = block.count(b"\n")
        rows = self._columns.rows(block, lines)
        self.lines += len(rows)
        self._rows.update(rows)
        if len(self._rows) > _ROWS:
            self.finish()
        if self._seconds.names:
            self.times.read(row[0] for row in self._seconds.rows(block, lines))

    def finish(self) -> None:
        """Settle what was counted together; call it before reading the counts."""
        self.addresses.add(self._counts(_ADDRESS))
        self.statuses.add(self._counts("status"))
        self.hours.add(self._counts(self._time))
        self.asked.add(self._counts(_ADDRESS, _REQUEST))
        self._rows.clear()

    def _counts(self, name: str, given: str = "") -> Counts:
        """Return how often each value of a field came, where there is one *given*."""
        found: Counts = Counter()
        names = self._columns.names
        if name in names and (not given or given in names):
            at, other = names.index(name), names.index(given or name)
            for row, count in self._rows.items():
                if row[other] or not given:
                    found[row[at]] += count
        return found


def _day(date: str, form: LogFormat) -> str:
    """Return *date* as the format's time writes it."""
    found = _ISO.fullmatch(date)
    if found is None or "time_local" not in form.names:
        return date
    return f"{found[3]}/{_MONTHS[int(found[2]) * 3 - 3 : int(found[2]) * 3]}/{found[1]}"
