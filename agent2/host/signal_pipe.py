"""Signals as bytes of a pipe: who waits in poll(2) wakes when one comes."""

from __future__ import annotations

import os
import signal


class SignalPipe:
    """The wake-up pipe of a process (``signal.set_wakeup_fd``); main thread only.

    It only wakes: what a signal means is said by ``signal.signal``.
    """

    def __init__(self) -> None:
        """Open it; from now on each signal that is caught here writes a byte."""
        self._inlet, self._outlet = os.pipe()
        os.set_blocking(self._inlet, False)
        os.set_blocking(self._outlet, False)
        signal.set_wakeup_fd(self._outlet, warn_on_full_buffer=False)

    def fileno(self) -> int:
        """Return what becomes readable."""
        return self._inlet

    def drain(self) -> None:
        """Take what is in it; to be called when it is readable."""
        os.read(self._inlet, 4096)

    def close(self) -> None:
        """Let signals wake nobody any more."""
        signal.set_wakeup_fd(-1)
        os.close(self._inlet)
        os.close(self._outlet)
