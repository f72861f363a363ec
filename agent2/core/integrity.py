"""Lists of checksums, as ``sha256sum`` and ``md5sum`` write them; what they tell."""

from __future__ import annotations

import re

from agent2.core.text import visible
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_LINE = re.compile(r"(\\?)([0-9a-fA-F]{64}|[0-9a-fA-F]{32}) [ *](.+)", re.DOTALL)
_SHOWN = 3  # names of each sort in a line
_NAME = 60  # characters of a name: its end tells most


class ListError(ValueError):
    """It is no list of checksums; the text names the line."""


@value
class Difference:
    """Paths, sorted."""

    changed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Is there any?"""
        return bool(self.changed or self.added or self.removed)


def parse(text: str) -> dict[str, str]:
    """Return path -> checksum in small letters: 64 figures are SHA-256, 32 are MD5.

    Raises:
        ListError: a line is none of such a list.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.rstrip("\r"))
        if match is None:
            raise ListError(f"line {number} is no checksum and name")
        escaped, digest, name = match.groups()
        found[_unescaped(name) if escaped else name] = digest.lower()
    return found


def written(entries: Mapping[str, str]) -> str:
    """Return *entries* as ``sha256sum`` writes them, by name."""
    return "".join(_line(name, entries[name]) for name in sorted(entries))


def _line(name: str, digest: str) -> str:
    escaped = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "" if escaped == name else "\\"
    return f"{mark}{digest}  {escaped}\n"


def _unescaped(name: str) -> str:
    words = {"\\\\": "\\", "\\n": "\n", "\\r": "\r"}
    return re.sub(r"\\[\\nr]", lambda match: words[match[0]], name)


def told(found: Difference) -> str:
    """Return *found* in one line: the folder of all, the first names of each sort."""
    sorts = (
        ("changed", found.changed),
        ("added", found.added),
        ("removed", found.removed),
    )
    folder = _common([name for _, names in sorts for name in names])
    parts = (f"{sort} {_names(n, len(folder))}" for sort, n in sorts if n)
    return _end(visible(folder)) + (" " if folder else "") + "; ".join(parts)


def _common(names: list[str]) -> str:
    """Return the folder, with its slash, in which all of *names* are."""
    first, last = min(names, default=""), max(names, default="")
    same = 0
    while same < min(len(first), len(last)) and first[same] == last[same]:
        same += 1
    return first[: first.rfind("/", 0, same) + 1]


def _names(names: tuple[str, ...], cut: int) -> str:
    shown = [_end(visible(name[cut:])) for name in names[:_SHOWN]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _end(text: str) -> str:
    return text if len(text) <= _NAME else "…" + text[1 - _NAME :]
