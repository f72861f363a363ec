"""A file as blocks of whole lines; compressed ones too."""

from __future__ import annotations

import os

from agent2.logs.lines import LONGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import BinaryIO

SIZE = 1 << 16  # bytes at a time: what fits the cache of a core


def blocks(path: str, read: Callable[[int], object] = int) -> Iterator[bytes]:
    """Yield the content of *path* in blocks of whole lines; *read* hears of bytes.

    A last line without newline gets one; of a line without end 64 KiB are given.

    Raises:
        OSError: it cannot be opened or read, or its compression is damaged.
    """
    with open(path, "rb", buffering=0) as file:
        packed = _packed(file)
        yield from _whole_lines(packed or file, file, read)


def _packed(file: BinaryIO) -> BinaryIO | None:
    magic = file.read(2)
    file.seek(0)
    if magic != b"\x1f\x8b":
        return None
    import gzip

    return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]


def _whole_lines(
    source: BinaryIO, file: BinaryIO, read: Callable[[int], object]
) -> Iterator[bytes]:
    rest, begun = b"", 0
    try:
        while more := source.read(SIZE):
            end = more.rfind(b"\n") + 1
            if not end:
                rest += more[: max(LONGEST - len(rest), 0)]
                continue
            yield rest + more[:end]
            rest = more[end:]
            at = file.tell()
            read(at - begun)
            begun = at
    except EOFError as error:  # a compressed file that is cut off
        raise OSError(5, str(error)) from None
    if rest:
        yield rest + b"\n"
    read(os.fstat(file.fileno()).st_size - begun)
