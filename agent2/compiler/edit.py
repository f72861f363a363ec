"""Change one value in the text of a configuration and leave every other byte.

The places are PyYAML's marks. What was made is read again and must differ in that one
value alone, so an odd spelling is refused and never bent.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from agent2.compiler import edit_places as places
from agent2.compiler import yaml_marks, yaml_tree
from agent2.compiler.edit_places import odd
from agent2.compiler.overrides import scalar
from agent2.compiler.problems import Loc
from agent2.compiler.scalars import resolve
from agent2.compiler.words import Wrong

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


def put(text: str, loc: Loc, typed: str) -> str:
    """Return *text* with what was *typed* at *loc*; missing parents are added.

    Raises:
        Wrong: it is no single value, or it cannot be put there.
    """
    leaf = _leaf(typed)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    made = _put(text, root, loc, leaf)
    wanted = yaml_tree.grafted(_tree(text), loc, scalar(leaf))
    return _proved(made, yaml_tree.plain(wanted))


def take(text: str, loc: Loc) -> str:
    """Return *text* without the key at *loc*, nor a section that is empty then.

    Raises:
        Wrong: it cannot be taken out.
    """
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    loc, pair, parent = places.alone(root, loc)
    wanted = yaml_tree.plain(_tree(text))
    inner = wanted
    for part in loc[:-1]:
        inner = inner[part]
    del inner[loc[-1]]
    return _proved(_taken(text, parent, pair), wanted)


def _tree(text: str) -> Any:
    return yaml_marks.compose(text.encode(), "")[0]


def _proved(made: str, wanted: Any) -> str:
    tree, problems = yaml_marks.compose(made.encode("utf-8", "replace"), "")
    if problems or tree is None or yaml_tree.plain(tree) != wanted:
        raise odd("is written in a way that cannot be changed in place")
    return made


def _leaf(typed: str) -> str:
    """Return what was *typed* as it stands in a file; a text that is no YAML quoted."""
    text = typed.strip()
    try:
        found = scalar(text)
    except Wrong as wrong:
        if wrong.what != "is not YAML":
            raise
    else:
        if found.quoted or (found.text == text and not re.search(r"[,:\[\]{}]", text)):
            return text
    return json.dumps(text, ensure_ascii=False)


def _key(part: str) -> str:
    plain = _PLAIN_KEY.fullmatch(part) and type(resolve(part)) is str
    return part if plain else json.dumps(part, ensure_ascii=False)


def _put(text: str, root: Any, loc: Loc, leaf: str) -> str:
    if root is None:
        gap = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{gap}{_nested(loc, leaf, 0, places.newline(text))}"
    node = root
    for depth, part in enumerate(loc):
        if isinstance(node, yaml.ScalarNode):
            return _below(
                text, node, loc[depth:], leaf, places.column(root, loc[:depth])
            )
        below = places.child(node, part)
        if below is None:
            return _added(text, node, loc[depth:], leaf)
        node = below
    start, end = node.start_mark.index, node.end_mark.index
    if not isinstance(node, yaml.ScalarNode) or node.style in {"|", ">"}:
        raise odd("is a list, a section or a block of lines")
    if text[start : start + 1] in {"&", "!"}:
        raise odd("carries a name that other places refer to")
    return text[:start] + (" " if start == end else "") + leaf + text[end:]


def _below(text: str, node: Any, rest: Loc, leaf: str, column: int) -> str:
    """Fill a section that stands there empty (``log:``)."""
    start = node.start_mark.index
    if node.value or start != node.end_mark.index:
        raise odd("lies under what is no section")
    lines = _nested(rest, leaf, column + 2, places.newline(text)).rstrip("\r\n")
    return text[:start] + places.newline(text) + lines + text[start:]


def _nested(loc: Loc, leaf: str, column: int, end: str) -> str:
    """Return the lines of *loc* and its value, from *column* on."""
    lines = [" " * (column + 2 * n) + f"{_key(str(p))}:" for n, p in enumerate(loc)]
    return f"{end.join(lines)} {leaf}{end}"


def _added(text: str, node: Any, rest: Loc, leaf: str) -> str:
    """Add what is missing as the last entry of *node*, in its style."""
    if not isinstance(node, yaml.MappingNode):
        raise odd("lies under what is no section")
    if node.flow_style:
        inner = leaf
        for part in reversed(rest[1:]):
            inner = f"{{{_key(str(part))}: {inner}}}"
        entry = f"{_key(str(rest[0]))}: {inner}"
        at = node.end_mark.index - 1
        if node.value:
            at, entry = places.end(*node.value[-1]), f", {entry}"
        return text[:at] + entry + text[at:]
    column, end = node.value[0][0].start_mark.column, places.newline(text)
    lines = _nested(rest, leaf, column, end)
    at = places.line_end(text, places.end(*node.value[-1]))
    if not text[:at].endswith("\n"):
        lines = end + lines
    return text[:at] + lines + text[at:]


def _taken(text: str, parent: Any, pair: int) -> str:
    pairs = parent.value
    start, end = pairs[pair][0].start_mark.index, places.end(*pairs[pair])
    line = text.rfind("\n", 0, start) + 1
    if not parent.flow_style and not text[line:start].strip():
        return text[:line] + text[places.line_end(text, end) :]
    if pair + 1 < len(pairs):
        return text[:start] + text[pairs[pair + 1][0].start_mark.index :]
    return text[: places.end(*pairs[pair - 1])] + text[end:]
