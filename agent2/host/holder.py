"""Signal and await the holder of a PID file, through a pidfd.

The pidfd is opened before the holder is verified a second time, so that a number
that was given to another program in between hits nobody.
"""

from __future__ import annotations

import os
import select
import signal
import time

from agent2.host.owner import Owner, Presence, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self


def send(path: str, script: str, number: int) -> Owner:
    """Send signal *number* to the holder of *path* if it is ours; return who it was.

    Raises:
        PermissionError: it runs under another user.
    """
    with Process.of(path, script) as process:
        if process.owner.running:
            process.send(number)
        return process.owner


class Process:
    """A holder that was verified while we held a pidfd on it."""

    def __init__(self, owner: Owner, handle: int) -> None:
        """Made by ``of``."""
        self.owner = owner
        self._handle = handle

    @classmethod
    def of(cls, path: str, script: str) -> Process:
        """Find the holder of *path*, open it, and look again who it is."""
        owner = find(path, script)
        if not owner.running or not hasattr(os, "pidfd_open"):
            return cls(owner, -1)
        try:
            handle = os.pidfd_open(owner.pid)
        except OSError:
            return cls(Owner(Presence.STALE, owner.pid), -1)
        again = find(path, script)
        if again != owner:
            os.close(handle)
            return cls(again if not again.running else Owner(Presence.FOREIGN), -1)
        return cls(owner, handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)

    def send(self, number: int) -> None:
        """Send signal *number*; nothing happens when the process has gone."""
        try:
            if self._handle >= 0:
                signal.pidfd_send_signal(self._handle, number)
            else:
                os.kill(self.owner.pid, number)
        except ProcessLookupError:
            pass

    def gone(self, seconds: float) -> bool:
        """Wait up to *seconds* until it has ended; True if it has."""
        deadline = time.monotonic() + seconds
        while True:
            left = deadline - time.monotonic()
            if self._handle >= 0:
                return bool(select.select([self._handle], [], [], max(left, 0))[0])
            try:
                os.kill(self.owner.pid, 0)
            except ProcessLookupError:
                return True
            if left <= 0:
                return False
            time.sleep(0.02)
