"""Steady epoch seconds: they look like wall time and never step within a run.

``now()`` is the wall clock at start plus the monotonic time since. Durations are then
lived time, whatever NTP or a person does to the wall clock; ``stamp`` turns a steady
time back into what the wall clock shows for it. A suspended machine shows in
``asleep`` (CLOCK_BOOTTIME runs on during sleep, CLOCK_MONOTONIC does not).
"""

from __future__ import annotations

import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_LATEST = 253_402_128_000.0  # two days before the year 10000
_STEP = 1.0  # a smaller difference is NTP at its work


def boottime() -> float:
    """Return seconds that nobody sets, of sleep too where the kernel counts it."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


class Clock:
    """The one clock of a program. *wall*, *mono*, *boot* are given by tests."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        mono: Callable[[], float] = time.monotonic,
        boot: Callable[[], float] = boottime,
    ) -> None:
        """Take the wall clock as it is now for the steady one."""
        self.wall = wall
        self._mono = mono
        self._boot = boot
        self._base = wall() - mono()
        self._offset = 0.0
        self._ahead = boot() - mono()

    def now(self) -> float:
        """Return steady epoch seconds."""
        return self._base + self._mono()

    def steady(self, mono: float) -> float:
        """Return the steady time of a reactor time (both are monotonic)."""
        return self._base + mono

    def stepped(self) -> float:
        """Return by how many seconds the wall clock jumped since the last call."""
        offset = self.wall() - self.now()
        jump = offset - self._offset
        if abs(jump) < _STEP:
            return 0.0
        self._offset = offset
        return jump

    def asleep(self) -> float:
        """Return how many seconds the machine slept since the last call."""
        ahead = self._boot() - self._mono()
        slept = ahead - self._ahead
        self._ahead = ahead
        return slept if slept > _STEP else 0.0

    def stamp(self, at: float) -> str:
        """Return the steady time *at* as RFC 3339 with the local offset, in ms."""
        return stamp(at + self._offset)


def stamp(at: float) -> str:
    """Return epoch seconds as RFC 3339 with the local offset, in milliseconds.

    A time that no calendar has (a bent store) becomes the nearest that one has.
    """
    second, milli = divmod(round(min(max(0.0, at), _LATEST) * 1000), 1000)
    minute, second = divmod(second, 60)  # no zone is off by parts of one since 1972
    known = _MINUTES.get(minute)
    if known is None:
        if len(_MINUTES) >= _KEPT:
            _MINUTES.clear()
        known = _MINUTES[minute] = _words(minute)
    return f"{known[0]}:{second:02d}.{milli:03d}{known[1]}"


def _words(minute: int) -> tuple[str, str]:
    local = time.localtime(minute * 60)
    minutes = local.tm_gmtoff // 60
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    day = time.strftime("%Y-%m-%dT%H:%M", local)
    return day, f"{sign}{hours:02d}:{rest:02d}"


# A status names the same few minutes again and again.
_MINUTES: dict[int, tuple[str, str]] = {}
_KEPT = 256
