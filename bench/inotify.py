"""See a file appear in a folder within a tenth of a millisecond (Linux inotify)."""

from __future__ import annotations

import ctypes
import os
import select
import struct
import time
from collections.abc import Callable

_EVENT = struct.Struct("iIII")
MODIFY, CLOSE_WRITE, MOVED_TO, CREATE = 0x2, 0x8, 0x80, 0x100
_LIBC = ctypes.CDLL(None, use_errno=True)


class Folder:
    """Reports names in *path* with the time at which this process saw them."""

    def __init__(self, path: str, mask: int = CLOSE_WRITE | MOVED_TO | CREATE) -> None:
        self.fd = _LIBC.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0 or _LIBC.inotify_add_watch(self.fd, path.encode(), mask) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def events(self, patience: float) -> tuple[float, list[str]]:
        """Wait for events; return when they came and the names."""
        select.select([self.fd], [], [], max(patience, 0.0))
        at = time.monotonic()
        try:
            content = os.read(self.fd, 1 << 16)
        except BlockingIOError:
            return at, []
        names, offset = [], 0
        while offset < len(content):
            _, _, _, length = _EVENT.unpack_from(content, offset)
            offset += _EVENT.size
            names.append(content[offset : offset + length].rstrip(b"\0").decode())
            offset += length
        return at, names

    def wait(self, right: Callable[[str], bool], patience: float) -> float | None:
        """Return when a name that is *right* was seen, None if none was in time."""
        until = time.monotonic() + patience
        while (left := until - time.monotonic()) > 0:
            at, names = self.events(left)
            if any(right(name) for name in names):
                return at
        return None

    def drain(self) -> None:
        """Forget what happened so far."""
        while self.events(0)[1]:
            pass

    def close(self) -> None:
        os.close(self.fd)
