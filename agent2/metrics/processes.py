"""What a process uses, as /proc tells it (format: proc_pid_stat(5)); Linux alone."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent2.metrics.family import Families

# Fields of /proc/PID/stat after the name in brackets, counted from the state.
_USER, _SYSTEM, _THREADS, _START, _VIRTUAL, _RESIDENT = 11, 12, 17, 19, 20, 21


def process(to: Families, prefix: str, pid: int) -> None:
    """Put the metrics *prefix*… of the process *pid*; what is hidden is left out."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            told = file.read().rpartition(b")")[2].split()
    except OSError:
        return
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    to(f"{prefix}cpu_seconds_total").put(
        (int(told[_USER]) + int(told[_SYSTEM])) / ticks
    )
    to(f"{prefix}resident_memory_bytes").put(int(told[_RESIDENT]) * page)
    to(f"{prefix}virtual_memory_bytes").put(int(told[_VIRTUAL]))
    to(f"{prefix}start_time_seconds").put(_booted_at() + int(told[_START]) / ticks)
    to(f"{prefix}threads").put(int(told[_THREADS]))
    try:
        to(f"{prefix}open_fds").put(len(os.listdir(f"/proc/{pid}/fd")))
        to(f"{prefix}max_fds").put(_most_files(pid))
    except (OSError, ValueError):
        return  # another account's


def _most_files(pid: int) -> int:
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        for line in file:
            if line.startswith("Max open files"):
                return int(line.split()[3])
    raise ValueError("no limit is told")


@cache
def _booted_at() -> float:
    with open("/proc/stat", encoding="ascii") as file:
        for line in file:
            if line.startswith("btime "):
                return float(line.split()[1])
    return 0.0
