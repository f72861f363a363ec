"""A little disk space kept back for a full disk: an alert beats a record.

When the store says that the disk is full, the reserve is given up and the commit is
tried again: the incident, the restart and the alert of that hour still find room.
"""

from __future__ import annotations

import os

SIZE = 1024 * 1024
_ROOM_NEEDED = 64 * SIZE  # it is made again only when the disk has room for others


class Reserve:
    """A file of one megabyte in the state folder."""

    def __init__(self, state_dir: str) -> None:
        """Nothing is made yet: ``make``."""
        self._path = os.path.join(state_dir, "agent2.reserve")

    def make(self) -> None:
        """Make it if it is not there and the disk has room; never raises."""
        try:
            room = os.statvfs(os.path.dirname(self._path))
            if room.f_bavail * room.f_frsize < _ROOM_NEEDED:
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            fd = os.open(self._path, flags, 0o600)
        except OSError:
            return
        try:
            os.posix_fallocate(fd, 0, SIZE)
        except (OSError, AttributeError):
            os.unlink(self._path)
        finally:
            os.close(fd)

    def free(self) -> bool:
        """Give the space back; was there any?"""
        try:
            os.unlink(self._path)
        except OSError:
            return False
        return True
