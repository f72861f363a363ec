"""Is a gzip file whole? Read in slices, so that a large one delays nothing."""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PIECE = 256 * 1024
_OUT = 1 << 20  # bytes unpacked at a time: a bomb costs time and no memory
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC


class GzipTest:
    """The test of one file, begun anew when the file is another one.

    Attributes:
        fault: What is wrong with it; "" once it was read whole, None until then.
        part: How much of it was read, 0 to 1.
    """

    __slots__ = ("_at", "_decoder", "_fresh", "_rest", "_which", "fault", "part")

    def __init__(self) -> None:
        """Begin with no file."""
        self._which: object = None
        self._at = 0
        self._rest = b""
        self._decoder: Any = None
        self._fresh = True  # no byte of the member at hand was read
        self.fault: str | None = None
        self.part = 0.0

    def go_on(self, path: str, which: object, until: float) -> None:
        """Read the file at *path*, known as *which*, until ``time.monotonic`` *until*.

        Raises:
            OSError: it cannot be read.
        """
        import zlib  # by the first file alone

        if self._which != which:
            self.__init__()  # type: ignore[misc]
            self._which = which
        if self.fault is not None:
            return
        number = os.open(path, _FLAGS)
        try:
            os.lseek(number, self._at, os.SEEK_SET)
            size = os.fstat(number).st_size
            while time.monotonic() < until and self._step(number, zlib):
                pass
            self.part = min(self._at / size, 1.0) if size else 1.0
        finally:
            os.close(number)

    def _step(self, number: int, zlib: Any) -> bool:
        """Read one piece; is there more to read?"""
        if not self._rest:
            self._rest = os.read(number, _PIECE)
            self._at += len(self._rest)
        if not self._rest:
            self.fault = "" if self._fresh and self._decoder else "ends too early"
            return False
        if self._fresh:
            self._rest = self._rest.lstrip(b"\0") if self._decoder else self._rest
            if not self._rest:
                return True  # zeros after the end, as tapes have them
            self._decoder = zlib.decompressobj(wbits=31)
            self._fresh = False
        try:
            self._decoder.decompress(self._rest, _OUT)
        except zlib.error as error:
            self.fault = f"is damaged: {error}"
            return False
        if self._decoder.eof:  # checksum and length were right; another may follow
            self._fresh = True
            self._rest = self._decoder.unused_data
        else:
            self._rest = self._decoder.unconsumed_tail
        return True
