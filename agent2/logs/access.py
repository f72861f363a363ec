"""What an access log says: addresses, answers, hours, times, and who asks too often."""

from __future__ import annotations

import re
from collections import Counter

from agent2.logs.tally import Tally
from agent2.logs.times import Times

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.logs.nginx import LogFormat
    from agent2.logs.tally import Counts

_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_PAIRS = 50_000  # different ones that are counted together
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_TIMES = {"time_local": 14, "time_iso8601": 13}  # characters up to the hour


class Access:
    """Counts over the blocks of an access log.

    Attributes:
        lines: Lines of the day; *unparsed* of them are of no such format.
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
        self.lines = self.unparsed = 0
        self.addresses, self.asked = Tally(), Tally()
        self.statuses, self.hours = Tally(1000), Tally(100_000)
        self.times = Times()
        self._whole = form.whole()
        self._address = form.field("remote_addr")
        self._status = form.field("status")
        self._seconds = form.field("request_time")
        self._suspect = form.where("remote_addr", "request", suspect.encode())
        self._stop = form.after("remote_addr")
        time, self._width = next(
            ((name, width) for name, width in _TIMES.items() if name in form.names),
            ("", 0),
        )
        self._hour = form.field(time)
        self._pairs: Counts = Counter()
        self._both = form.through("remote_addr", time, self._width)

    def feed(self, block: bytes) -> None:
        """Count the lines of *block*."""
        if self._date:
            block = self._of_the_day(block)
        if not block:
            return
        lines = block.count(b"\n")
        block = b"\n" + block
        both = self._both.findall(block) if self._both else []
        statuses = self._status.findall(block) if self._status else []
        # As many as lines: that proves that none was read into the next.
        if not len(both) == len(statuses) == lines:
            block = self._sound(block)
            both = self._both.findall(block) if self._both else []
            statuses = self._status.findall(block) if self._status else []
        self.lines += len(statuses) or block.count(b"\n") - 1
        self.statuses.update(statuses)
        self._who_and_when(block, both)
        if self._suspect:
            self.asked.update(self._suspect.findall(block))
        if self._seconds:
            for text in self._seconds.findall(block):
                self._took(text)

    def _who_and_when(self, block: bytes, both: list[bytes]) -> None:
        """Count addresses and hours: of one pass where they stand in that order."""
        if both:
            self._pairs.update(both)
            if len(self._pairs) > _PAIRS:
                self.finish()
            return
        if self._address:
            self.addresses.update(self._address.findall(block))
        if self._hour:
            times = self._hour.findall(block)
            self.hours.update(text[: self._width] for text in times)

    def finish(self) -> None:
        """Settle what was counted together; call it before reading the counts."""
        for key, count in self._pairs.items():
            self.addresses.add(key.partition(self._stop)[0], count)
            self.hours.add(key[-self._width :], count)
        self._pairs.clear()

    def _sound(self, block: bytes) -> bytes:
        """Return the lines that are whole, line by line: others stand among them."""
        match = self._whole.fullmatch
        lines = block.split(b"\n")[1:-1]
        sound = [line for line in lines if match(line)]
        self.unparsed += len(lines) - len(sound)
        return b"\n" + b"".join(line + b"\n" for line in sound)

    def _of_the_day(self, block: bytes) -> bytes:
        """Return the lines that hold the date."""
        if self._date not in block:
            return b""
        return b"".join(
            line + b"\n" for line in block.split(b"\n")[:-1] if self._date in line
        )

    def _took(self, text: bytes) -> None:
        try:
            self.times.add(float(text))
        except ValueError:
            pass  # "-": it was not asked on


def _day(date: str, form: LogFormat) -> str:
    """Return *date* as the format's time writes it."""
    found = _ISO.fullmatch(date)
    if found is None or "time_local" not in form.names:
        return date
    return f"{found[3]}/{_MONTHS[int(found[2]) * 3 - 3 : int(found[2]) * 3]}/{found[1]}"
