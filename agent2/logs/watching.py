"""What a check counts of a log it follows, and what of that is over its limit."""

from __future__ import annotations

import re
from collections import Counter
from itertools import compress

from agent2.core.model import Code
from agent2.core.redaction import redact
from agent2.core.text import one_line
from agent2.logs import records
from agent2.logs.limits import Breach
from agent2.logs.lines import holding, needle, tally
from agent2.logs.nginx import Columns
from agent2.logs.windows import MOST, TimeWindow, Today, Window

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from agent2.logs.limits import Limits
    from agent2.logs.nginx import LogFormat
    from agent2.logs.tally import Counts

_LAST = 10  # matching lines that are kept
_LONGEST = 500  # characters of each
_NUMBER = re.compile(rb"\d+(?:\.\d+)?").fullmatch
# The last "from": what stands before it is a name that whoever asks may choose.
_LOGIN = re.compile(rb"Failed password .{0,500} from (\S+)")
_TOLD = (b"s)", b"\xe5\x93\x8d\xe5\xba\x94\xe6\x97\xb6\xe9\x97\xb4")
_ERRORS, _REQUESTS = "errors", "requests"
_ADDRESS, _REQUEST, _STATUS = "remote_addr", "request", "status"


class Counting:
    """Counts of one log. ``feed`` blocks, then ask for ``breaches``."""

    def __init__(
        self, limits: Limits, form: LogFormat | None, kept: Mapping[str, Any]
    ) -> None:
        """Go on from *kept*; *form* is that of an access log."""
        self._limits = limits
        self._finds = {n: needle(p) for n, p in limits.patterns.items()}
        self._error, self._request = needle(limits.errors), tally(limits.requests)
        spans = {n: limits.windows.get(n, limits.window) for n in limits.patterns}
        held = kept.get("patterns", {})
        self._windows = {n: Window(span, held.get(n)) for n, span in spans.items()}
        self._today = Today(kept.get("today"))
        self._rate = Window(limits.window, kept.get("rate"))
        self._times = TimeWindow(
            limits.window, kept.get("times"), fine=bool(limits.percentile)
        )
        self._asked = Window(limits.window, kept.get("asked"))
        self._logins = Window(limits.window, kept.get("logins"))
        self._columns = self._seconds = None
        if form:
            wanted: dict[str, int | bytes] = {_STATUS: b"5"}
            if limits.suspicious:
                wanted |= {_ADDRESS: 0, _REQUEST: limits.suspect.encode()}
            self._columns = Columns(form, wanted)
            if limits.slow and "request_time" in form.names:
                self._seconds = Columns(form, {"request_time": 0})
        self._fresh: dict[bytes, int] = {}
        self._askers: Counts = Counter()  # since the last ``settle``
        self._latest = [str(line).encode() for line in kept.get("latest", ())]

    def feed(self, block: bytes, now: float, day: str) -> int:
        """Count the lines of *block*, which came just *now*; return how many."""
        self._fresh = {}
        lines = self._count(block, now, day)
        fresh = sorted(self._fresh, key=self._fresh.__getitem__)
        self._latest = [*self._latest, *(line[: 4 * _LONGEST] for line in fresh)]
        self._latest = self._latest[-_LAST:]
        return lines

    def settle(self, now: float) -> None:
        """Call it after the last block of a look: who asked is counted at once."""
        self._addresses(self._asked, self._askers, now)
        self._askers.clear()

    def _count(self, block: bytes, now: float, day: str) -> int:
        for name, find in self._finds.items():
            hits = list(find(block))
            if hits:
                self._windows[name].add(now, ((name, len(hits)),))
                self._today.add(day, name, len(hits))
                self._keep(block, hits)
        lines = block.count(b"\n")
        if self._columns:
            self._answers(self._columns, block, lines, now)
        else:
            self._lines(block, now)
        if self._seconds:
            told = self._seconds.rows(block, lines)
            self._times.add(now, [float(text) for text, _ in told if _NUMBER(text)])
        if self._limits.logins:
            found = (_LOGIN.search(x) for x in holding(block, b"Failed password"))
            self._addresses(self._logins, Counter(m[1] for m in found if m), now)
        return lines

    def _answers(self, columns: Columns, block: bytes, lines: int, now: float) -> None:
        rows = columns.rows(block, lines)
        of = dict(zip(columns.names, zip(*rows, strict=True), strict=False))
        failed = of.get(_STATUS, ())
        bad = len(failed) - failed.count(b"")
        self._rate.add(now, ((_REQUESTS, len(failed)), (_ERRORS, bad)))
        self._askers.update(compress(of.get(_ADDRESS, ()), of.get(_REQUEST, ())))
        if len(self._askers) > MOST:
            self.settle(now)

    def _lines(self, block: bytes, now: float) -> None:
        if self._limits.warn or self._limits.crit:
            errors = list(self._error(block))
            counts = ((_REQUESTS, self._request(block)), (_ERRORS, len(errors)))
            self._rate.add(now, counts)
            if errors:
                self._keep(block, errors)
        if not self._limits.slow:
            return
        lines = list(holding(block, b"api.request_duration"))
        if not lines:
            lines = [line for mark in _TOLD for line in holding(block, mark)]
        took = records.seconds_of(lines)
        self._times.add(now, [seconds for seconds in took if seconds is not None])

    def _addresses(self, window: Window, found: Counts, now: float) -> None:
        if found:
            window.add(
                now, ((a.decode("ascii", "replace"), n) for a, n in found.items())
            )

    def _keep(self, block: bytes, lines: list[bytes]) -> None:
        """Keep the last of *lines* with their places: two patterns may find one."""
        end = len(block)
        for line in reversed(lines[-_LAST:]):
            end = max(block.rfind(line, 0, end), 0)
            self._fresh[line] = max(self._fresh.get(line, 0), end)

    @property
    def latest(self) -> list[str]:
        """The last lines that were counted against a limit, without secrets."""
        return [_shown(line) for line in self._latest]

    # -- what is over its limit

    def breaches(self, now: float, day: str) -> Iterator[Breach]:
        """Yield what is over its limit, failures and warnings as they come."""
        yield from self._too_many(now, day)
        yield from self._error_rate(now)
        yield from self._slow(now)
        limits = self._limits
        for window, limit, text in (
            (self._asked, limits.suspicious, "Suspicious IP: {} Requests: {}"),
            (self._logins, limits.logins, "failed logins from {}: {}"),
        ):
            if limit:
                many = [(n, a) for a, n in window.totals(now).items() if n > limit]
                for count, address in sorted(many, reverse=True):
                    if not limits.allow(address):
                        yield Breach(Code.LOG_LINES, text.format(address, count))

    def _too_many(self, now: float, day: str) -> Iterator[Breach]:
        limits = self._limits
        for name, window in self._windows.items():
            critical = name in limits.critical
            if name in limits.daily:
                most, count = limits.daily[name], self._today.of(day, name)
                if most and count > most:
                    text = f"{name}: {count} lines today, more than {most}"
                    yield Breach(Code.LOG_LINES, text, critical)
                if name not in limits.limits:
                    continue
            count = window.totals(now)[name]
            most = limits.limits.get(name, 0)
            if count > most:
                span = limits.windows.get(name, limits.window)
                lines = "line" if count == 1 else "lines"
                text = f"{name}: {count} {lines} in {span:g} s"
                yield Breach(
                    Code.LOG_LINES,
                    text + (f", more than {most}" if most else ""),
                    critical,
                )

    def _error_rate(self, now: float) -> Iterator[Breach]:
        counts = self._rate.totals(now)
        errors, requests = counts[_ERRORS], counts[_REQUESTS]
        if requests < max(self._limits.least, 1):
            return
        share = 100.0 * errors / requests
        crit = bool(self._limits.crit) and share > self._limits.crit
        if crit or (self._limits.warn and share > self._limits.warn):
            text = f"error rate {share:.2f}% ({errors} errors, {requests} requests)"
            yield Breach(Code.ERROR_RATE, text, crit)

    def _slow(self, now: float) -> Iterator[Breach]:
        limits = self._limits
        share = limits.percentile
        took, count = self._times.total(now, share / 100.0)
        if limits.slow and count and took > limits.slow:
            what = f"P{share:g}" if share else "mean"
            text = f"{what} response time {took:.2f} s over {count} requests"
            yield Breach(Code.SLOW, text, seconds=took)

    def figures(self, now: float) -> tuple[tuple[str, float], ...]:
        """Return what is kept as series: lines of each pattern, requests, errors."""
        found = [
            (f"lines:{name}", float(window.totals(now)[name]))
            for name, window in self._windows.items()
        ]
        counts = self._rate.totals(now)
        if counts[_REQUESTS]:
            share = 100.0 * counts[_ERRORS] / counts[_REQUESTS]
            found += [("requests", float(counts[_REQUESTS])), ("error_rate", share)]
        return tuple(found)

    def used(self, day: str) -> str:
        """Return the counts of the day in words, "" where none is asked for."""
        return ", ".join(
            f"{name} {self._today.of(day, name)} today" for name in self._limits.daily
        )

    def memory(self) -> dict[str, Any]:
        """Return what must be remembered."""
        return {
            "patterns": {name: w.memory() for name, w in self._windows.items()},
            "today": self._today.memory(),
            "rate": self._rate.memory(),
            "times": self._times.memory(),
            "asked": self._asked.memory(),
            "logins": self._logins.memory(),
            "latest": self.latest,
        }


def _shown(line: bytes) -> str:
    """Return *line* short and as people may see it."""
    return one_line(redact(line.decode("utf-8", "replace")), _LONGEST)
