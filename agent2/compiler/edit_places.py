"""Where the parts of a configuration stand in its text, by PyYAML's marks.

An alias stands in two places, and what cannot be told apart is refused.
"""

from __future__ import annotations

from typing import Any

import yaml

from agent2.compiler.problems import Loc
from agent2.compiler.words import Wrong

_BY_HAND = "Change it in the file by hand."


def odd(what: str) -> Wrong:
    """Return the refusal of a spelling that cannot be changed in place."""
    return Wrong(what, _BY_HAND, expected="a plain KEY: VALUE", hidden=True)


def child(node: Any, part: str | int) -> Any:
    """Return the node under *part*, or None; what an alias repeats is refused."""
    found, least = None, node.start_mark.index
    if isinstance(node, yaml.SequenceNode):
        found = node.value[int(part)]
    else:
        for key, below in node.value:
            if key.value == str(part):
                found, least = below, key.end_mark.index
    if found is not None and found.start_mark.index < least:
        raise odd("is an alias of another place")
    return found


def column(root: Any, loc: Loc) -> int:
    """Return the column of the key at *loc*."""
    node = root
    for part in loc[:-1]:
        node = child(node, part)
    keys = [key for key, _ in node.value if key.value == str(loc[-1])]
    return int(keys[0].start_mark.column)


def newline(text: str) -> str:
    """Return how the lines of *text* end."""
    return "\r\n" if "\r\n" in text else "\n"


def line_end(text: str, at: int) -> int:
    """Return where the line of *at* ends, its newline within."""
    if at and text[at - 1] == "\n":  # a block of lines ends with its own
        return at
    found = text.find("\n", at)
    return len(text) if found < 0 else found + 1


def end(key: Any, node: Any) -> int:
    """Return where the text of a key and its value ends."""
    if node.start_mark.index < key.end_mark.index:  # an alias
        return int(key.end_mark.index)
    while isinstance(node, yaml.CollectionNode) and not node.flow_style:
        last = node.value[-1]
        if isinstance(last, tuple):
            return end(*last)
        node = last
    return int(node.end_mark.index)


def alone(root: Any, loc: Loc) -> tuple[Loc, int, Any]:
    """Return the place to take out, which pair of its section it is, the section."""
    parent = root
    for part in loc[:-1]:
        parent = child(parent, part)
    if len(parent.value) == 1:
        if len(loc) == 1 or isinstance(loc[-2], int):
            raise odd("is all that stands there")
        return alone(root, loc[:-1])
    keys = [key.value for key, _ in parent.value]
    return loc, keys.index(str(loc[-1])), parent
