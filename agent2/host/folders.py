"""Wake when a file appears, changes or is replaced in a folder (Linux dnotify).

inotify has no door in the standard library but ``ctypes`` (1 MB); ``fcntl`` offers
dnotify, whose signal goes through the reactor's wake-up pipe (0.3 ms here). Where it
is missing the caller's own cadence finds the change.
"""

from __future__ import annotations

import fcntl
import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.reactor import Reactor

_NOTIFY = getattr(fcntl, "F_NOTIFY", None)


class FolderWatch:
    """Calls back when something changed in one of the folders; it does not say what."""

    def __init__(self, reactor: Reactor, call: Callable[[], object]) -> None:
        """Take SIGIO for this; it must have a handler before the first folder."""
        self._folders: dict[str, int] = {}
        if _NOTIFY is not None:
            reactor.on_signal(signal.SIGIO, call)

    def add(self, folder: str) -> None:
        """Watch *folder*; one that is not there yet may be added again later."""
        if _NOTIFY is None or folder in self._folders:
            return
        try:
            fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            return
        bits = fcntl.DN_CREATE | fcntl.DN_RENAME | fcntl.DN_MODIFY | fcntl.DN_DELETE
        try:
            fcntl.fcntl(fd, _NOTIFY, bits | fcntl.DN_MULTISHOT)
        except OSError:
            os.close(fd)  # not every file system has it
            return
        self._folders[folder] = fd

    def close(self) -> None:
        """Stop watching."""
        for fd in self._folders.values():
            os.close(fd)
        self._folders.clear()
