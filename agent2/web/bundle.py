"""Our modules as the one that browsers get: packed together they are a seventh less.

The sources stay plain ES modules that import each other; here they are put one behind
the other in the order in which they need each other, and what they import of each other
is left out. So no two of them may say the same name at their top (a test holds it).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_IMPORT = re.compile(rb'^import (\w+|\{ .* \}) from "(.*)";\n', re.MULTILINE)
_EXPORT = re.compile(rb"^export (?!default)", re.MULTILINE)
_OURS = re.compile(rb"\./(\w+\.js)")


def parts(sources: Mapping[str, bytes], begin: str) -> list[str]:
    """Return the modules that *begin* needs, each after those that it needs itself."""
    found: list[str] = []

    def take(name: str) -> None:
        for _, place in _IMPORT.findall(sources[name]):
            ours = _OURS.fullmatch(place)
            if ours and ours[1].decode() not in found:
                take(ours[1].decode())
        found.append(name)

    take(begin)
    return found


def joined(sources: Mapping[str, bytes], names: list[str]) -> bytes:
    """Return the modules *names* as one; each thing of others is imported once."""
    foreign: dict[bytes, dict[bytes, None]] = {}
    whole: dict[bytes, None] = {}
    for name in names:
        for what, place in _IMPORT.findall(sources[name]):
            if _OURS.fullmatch(place):
                continue
            if what.startswith(b"{"):
                named = foreign.setdefault(place, {})
                named.update(dict.fromkeys(what.strip(b"{ }").split(b", ")))
            else:
                whole[b'import %s from "%s";\n' % (what, place)] = None
    head = [
        b'import {%s} from "%s";\n' % (b",".join(named), place)
        for place, named in foreign.items()
    ]
    bodies = [_EXPORT.sub(b"", _IMPORT.sub(b"", sources[name])) for name in names]
    return b"".join([*head, *whole, *bodies])
