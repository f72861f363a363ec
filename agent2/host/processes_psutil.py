"""Processes where the kernel has no pidfd (macOS, an old Linux): by psutil.

Death is seen by looking, not as an event: ``fd`` is None.
"""

from __future__ import annotations

import os
import sys

import psutil

from agent2.host.processes import ProcessRef

_LETTERS = {"zombie": "Z", "dead": "X", "stopped": "T"}


class PsutilRef(ProcessRef):
    """A process known by number and start time."""

    __slots__ = ("_process",)

    def __init__(self, process: psutil.Process) -> None:
        start = int(process.create_time() * 100)
        super().__init__(process.pid, None, start, "?")
        self._process = process
        self.first_state = self.state()

    def state(self) -> str:
        """Return ``X``, ``Z``, ``T``, ``S`` for all that live, ``?`` when hidden."""
        try:
            if not self._process.is_running():
                return "X"
            return _LETTERS.get(str(self._process.status()), "S")
        except psutil.NoSuchProcess:
            return "X"
        except psutil.Error:
            return "?"

    def alive(self) -> bool:
        """Is it running, stopped or waiting, and not dead or a zombie?"""
        return self.state() not in "XZ"

    def signal(self, number: int) -> bool:
        """Send it a signal; False when it is gone (its start time is compared)."""
        try:
            self._process.send_signal(number)
        except psutil.NoSuchProcess:
            return False
        except psutil.AccessDenied:
            raise PermissionError(f"process {self.pid} belongs to another") from None
        return True

    def started_at(self) -> float:
        """Return its start in wall-clock epoch seconds."""
        return float(self._process.create_time())


def open_by_psutil(pid: int) -> PsutilRef | None:
    """Take hold of the process *pid*; None when there is none (a thread is none)."""
    try:
        if sys.platform == "linux" and str(pid) not in os.listdir("/proc"):
            return None  # a thread's number opens but is not listed
        return PsutilRef(psutil.Process(pid))
    except (psutil.Error, OverflowError, ValueError):
        return None


def words_by_psutil(pid: int) -> str:
    """Return name and command line of *pid* for matching; never show it."""
    try:
        process = psutil.Process(pid)
        return " ".join([process.name(), *process.cmdline()])
    except psutil.Error:
        return ""
