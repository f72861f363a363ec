"""What is new in a log file, through rotation, truncation and our own restarts.

The file is held open and known by its inode and the checksum of its first bytes. A
renamed one is read to its end; of one that was copied and cut off the rest is read from
the copy, which begins as it did. What is remembered (``memory``) goes into a file
together with what was counted, so that nothing is counted twice and nothing lost.
"""

from __future__ import annotations

import os
import stat
from binascii import crc32

from agent2.host.files import UnsafeFileError
from agent2.logs.lines import LONGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

_HEAD = 256  # bytes by which a file is known again
_LINGER = 60.0  # seconds that a renamed file may still be written to
_SIBLINGS = 1000  # names beside it that are looked at
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | getattr(os, "O_NOCTTY", 0)


class _Part:
    """One open file and how far it was read."""

    def __init__(self, path: str, at: int = 0) -> None:
        """Open *path*.

        Raises:
            OSError: it is not there, not readable, or no regular file.
        """
        self.fd = -1
        self.fd = os.open(path, _FLAGS)  # closed when nobody holds the part any more
        found = os.fstat(self.fd)
        if not stat.S_ISREG(found.st_mode):
            raise UnsafeFileError(1, "is not a regular file", path)
        self.key = (found.st_dev, found.st_ino)
        self.at = at
        self.cut = False  # the rest of a line is left out
        self.head = (0, 0)
        self.replaced: float | None = None

    @property
    def size(self) -> int:
        return os.fstat(self.fd).st_size

    def __del__(self) -> None:
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def begins_as(self, head: tuple[int, int]) -> bool:
        return crc32(os.pread(self.fd, head[0], 0)) == head[1]

    def remember(self) -> None:
        """Keep what it begins with, as far as it was read."""
        length = min(self.at, _HEAD)
        if length != self.head[0]:
            self.head = (length, crc32(os.pread(self.fd, length, 0)))

    def leave_out(self, count: int) -> None:
        """Pass over *count* bytes and the line that they end in."""
        self.at += count
        self.cut = os.pread(self.fd, 1, self.at - 1) != b"\n"

    def drain(self, go_on: Callable[[], bool]) -> Iterator[bytes]:
        """Yield what is new in blocks of whole lines."""
        while go_on() and (block := os.pread(self.fd, LONGEST, self.at)):
            begin = block.find(b"\n") + 1 if self.cut else 0
            end = block.rfind(b"\n") + 1
            if end:
                self.at += end
                self.cut = False
                if end > begin:
                    yield block[begin:end]
            elif len(block) < LONGEST:
                return  # a line that is still written
            else:
                self.at += len(block)
                if not self.cut:
                    yield block + b"\n"
                self.cut = True


class Follower:
    """Follows *path*.

    Attributes:
        skipped: Bytes that were left out since the beginning: too many at once.
        missing: It was not there at the last look.
        begun: When it was first seen as a new file, or cut off.
    """

    def __init__(
        self, path: str, memory: dict[str, Any] | None, *, whole: bool
    ) -> None:
        """Go on from *memory*; without one from its end, or with *whole* all of it."""
        self.path = path
        self.skipped = 0
        self.missing = False
        self.begun = 0.0
        self._memory = memory
        self._whole = whole
        self._now: _Part | None = None
        self._old: list[_Part] = []

    def memory(self) -> dict[str, Any] | None:
        """Return what must be remembered of the place that was reached."""
        part = self._now or (self._old[-1] if self._old else None)
        if part is None:
            return self._memory
        return {
            "key": part.key,
            "at": part.at,
            "head": part.head,
            "cut": part.cut,
            "begun": self.begun,
        }

    def blocks(
        self, now: float, most: int, go_on: Callable[[], bool]
    ) -> Iterator[bytes]:
        """Yield what is new, at most *most* bytes of it, while *go_on*.

        Raises:
            OSError: it is there and cannot be read.
        """
        self._look(now)
        parts = [*self._old, *([self._now] if self._now else [])]
        over = sum(max(part.size - part.at, 0) for part in parts) - most
        for part in parts:
            if over > 0:
                count = min(over, max(part.size - part.at, 0))
                part.leave_out(count)
                self.skipped += count
                over -= count
            yield from part.drain(go_on)
            part.remember()
        self._let_go(now)

    @property
    def size(self) -> int:
        """Bytes of the file that is followed, 0 where there is none."""
        return self._now.size if self._now else 0

    def close(self) -> None:
        """Hold nothing open any more."""
        self._now, self._old = None, []

    def _look(self, now: float) -> None:
        """See whether it was renamed, cut off, or is there at all."""
        try:
            found = os.stat(self.path)
            key = (found.st_dev, found.st_ino)
        except FileNotFoundError:
            key = (0, 0)
        self.missing = key == (0, 0)
        part = self._now
        if part is not None and (part.size < part.at or not part.begins_as(part.head)):
            self._rest_of(part.head, part.at, part.cut, now)
            part.at, part.cut, part.head = 0, False, (0, 0)
            self.begun = now
        if self.missing or (part is not None and part.key == key):
            return
        if part is not None:
            part.replaced = now
            self._old.append(part)
            self._now = None
        fresh = _Part(self.path)
        self._now, self.begun = fresh, now
        if part is None and not self._old:
            self._begin(fresh, now)

    def _begin(self, part: _Part, now: float) -> None:
        """Find the place in a file that was just opened for the first time."""
        known, self._memory = self._memory, None
        if known is None:
            if not self._whole:
                tail = max(part.size - LONGEST, 0)
                end = os.pread(part.fd, LONGEST, tail).rfind(b"\n") + 1
                part.at = tail + end if end or not tail else part.size
            part.remember()
            return
        head, at = (int(known["head"][0]), int(known["head"][1])), int(known["at"])
        cut = bool(known.get("cut"))
        ours = part.size >= at and part.begins_as(head)
        same = part.key == tuple(known["key"])
        if not (ours and same) and self._rest_of(head, at, cut, now):
            return
        if ours:
            part.at, part.cut, part.head = at, cut, head
            if same:
                self.begun = float(known.get("begun", now))

    def _rest_of(self, head: tuple[int, int], at: int, cut: bool, now: float) -> bool:
        """Open the file beside ours that begins with *head*: ours, renamed or copied.

        Returns whether there is one.
        """
        folder, name = os.path.split(self.path)
        try:
            names = sorted(n for n in os.listdir(folder) if n.startswith(name))
        except OSError:
            return False
        for other in names[:_SIBLINGS]:
            if other == name or not head[0]:
                continue
            try:
                part = _Part(os.path.join(folder, other), at)
            except OSError:
                continue
            if part.size >= at and part.begins_as(head):
                part.cut, part.head, part.replaced = cut, head, now
                self._old.append(part)
                return True
        return False

    def _let_go(self, now: float) -> None:
        """Close what was replaced long ago."""
        for part in tuple(self._old):
            if part.replaced is not None and now - part.replaced > _LINGER:
                self._old.remove(part)
