"""Lines of a block that hold a text or match a pattern, found without splitting it.

A block is bytes of whole lines, each with its newline.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 65536  # bytes of a line that are looked at
_COMMON = b"zqxjkvbywgpfmucdlhrsnioate_-./,:'\"0123456789 "  # what is not in it is rare
_TRIES = 8
OPEN = 4096  # of these, for an expression that repeats something without end


def holding(block: bytes, text: bytes) -> Iterator[bytes]:
    """Yield each line of *block* that holds *text*, once, without its newline.

    The rarest byte of *text* is sought first, at the speed of memory: most texts that
    somebody waits for do not come. Where it stands in other words too, the text is.
    """
    find, size = block.find, len(block)
    rare = min(text, key=_COMMON.find)
    ahead, tries, start = text.index(rare), _TRIES, 0
    while start < size:
        if tries:
            near = find(rare, start + ahead)
            if near < 0:
                return
            start = near - ahead
            if not block.startswith(text, start):
                tries -= 1
                start += 1
                continue
        at = find(text, start)
        if at < 0:
            return
        begin = block.rfind(b"\n", 0, at) + 1
        start = find(b"\n", at)
        if start < 0:
            start = size
        yield block[begin:start]


def of_day(block: bytes, date: bytes) -> bytes:
    """Return the lines of *block* that hold *date*."""
    if date not in block:
        return b""
    lines = block.split(b"\n")[:-1]
    return b"".join([line + b"\n" for line in lines if date in line])


def needle(pattern: str) -> Callable[[bytes], Iterator[bytes]]:
    """Return what yields the lines of a block that match the expression *pattern*.

    The longest text that every match must hold is sought first, as grep does: where
    it does not stand the expression is not tried. With ``*`` or ``+`` in *pattern* it
    must stand within the first ``OPEN`` bytes of a line.

    Raises:
        re.error: *pattern* is no expression.
    """
    search = re.compile(pattern.encode()).search
    text = _must_hold(pattern)
    if text == pattern.encode():
        return lambda block: holding(block, text)
    # What repeats without end may take the square of a line's length, and holds the
    # interpreter meanwhile: who writes the log chooses the line.
    most = OPEN if any(mark in pattern for mark in ("*", "+", ",}")) else LONGEST

    def matches(line: bytes) -> object:
        return search(line, 0, most)

    if text:
        return lambda block: filter(matches, holding(block, text))
    return lambda block: filter(matches, block.splitlines())


def tally(pattern: str) -> Callable[[bytes], int]:
    """Return what counts the lines of a block that match the expression *pattern*.

    Raises:
        re.error: *pattern* is no expression.
    """
    text = _must_hold(pattern)
    if text and text == pattern.encode():
        # Each match takes the rest of its line along, so that a line counts once.
        lines = re.compile(re.escape(text) + b"()[^\\n]*+")
        return lambda block: len(lines.findall(block))
    find = needle(pattern)
    return lambda block: sum(1 for _ in find(block))


def _must_hold(pattern: str) -> bytes:
    """Return the longest run of plain characters that any match has, or nothing."""
    parser = getattr(re, "_parser", None)
    if parser is None or "(?" in pattern:  # flags and groups: not worth the care
        return b""
    runs = [""]
    for kind, what in parser.parse(pattern):
        if kind is parser.LITERAL:
            runs[-1] += chr(what)
        else:
            runs.append("")
    longest = max(runs, key=len)
    return longest.encode() if len(longest) > 1 else b""
