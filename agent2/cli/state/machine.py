"""What a process costs: CPU, memory, age; from /proc, or else from ps."""

from __future__ import annotations

import os
from dataclasses import dataclass

_LONGEST = 1e11  # seconds; a bent store may hold any number


@dataclass(frozen=True, slots=True)
class Cost:
    """*cpu* is percent of one core over the process' life; *age* is in seconds."""

    cpu: float
    rss: int
    age: float


def cost(pid: int) -> Cost | None:
    """Return what *pid* costs; None when it is not there."""
    try:
        return _linux(pid)
    except FileNotFoundError:
        return None if os.path.isdir("/proc/self") else _ps(pid)
    except (OSError, ValueError, IndexError):
        return None


def is_stopped(pid: int) -> bool:
    """Is *pid* stopped by a signal (SIGSTOP)? False where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except (OSError, IndexError):
        return False


def _linux(pid: int) -> Cost:
    with open(f"/proc/{pid}/stat", "rb") as file:
        # The name in parentheses may itself hold blanks and parentheses.
        words = file.read().rpartition(b")")[2].split()
    with open("/proc/uptime", "rb") as file:
        up = float(file.read().split()[0])
    tick = os.sysconf("SC_CLK_TCK")
    age = max(up - int(words[19]) / tick, 0.01)
    spent = (int(words[11]) + int(words[12])) / tick
    return Cost(100.0 * spent / age, int(words[21]) * os.sysconf("SC_PAGE_SIZE"), age)


def _ps(pid: int) -> Cost | None:
    import subprocess

    told = subprocess.run(
        ["ps", "-o", "pcpu=,rss=,etime=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    if len(told) != 3:
        return None
    return Cost(float(told[0].replace(",", ".")), int(told[1]) * 1024, _age(told[2]))


def _age(text: str) -> float:
    """Read ps' ``[[days-]hours:]minutes:seconds``."""
    days, _, clock = text.rpartition("-")
    seconds = 0
    for word in clock.split(":"):
        seconds = seconds * 60 + int(word)
    return float(seconds + 86400 * int(days or 0))


def memory(size: int) -> str:
    """Return bytes for people."""
    return f"{size / 1048576:.1f} MB"


def duration(seconds: float) -> str:
    """Return seconds for people: ``0.4s``, ``12s``, ``3m 20s``, ``9h 22m``."""
    if not seconds >= 10:
        return f"{max(seconds, 0):.1f}s"
    left = round(min(seconds, _LONGEST))
    for size, big, small_size, small in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "m"),
        (60, "m", 1, "s"),
    ):
        if left >= size:
            return f"{left // size}{big} {left % size // small_size}{small}"
    return f"{left}s"
