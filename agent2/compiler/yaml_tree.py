"""A YAML file as a tree in which everything has its place."""

from __future__ import annotations

from typing import Any, NamedTuple

from agent2.compiler.problems import Loc
from agent2.compiler.scalars import resolve


class Mark(NamedTuple):
    """A place in the file, counted from 1."""

    line: int
    column: int


class Scalar(NamedTuple):
    """A word, number or text; *quoted* texts are always text."""

    text: str
    quoted: bool
    mark: Mark
    size: int = 1


class Mapping(NamedTuple):
    """Key -> where the key stands and what it has."""

    entries: dict[str, tuple[Mark, Any]]
    mark: Mark
    size: int


class Sequence(NamedTuple):
    """A list."""

    items: list[Any]
    mark: Mark
    size: int


def locate(root: Any, loc: Loc, *, key: bool = False) -> Mark:
    """Return where *loc* stands, or the nearest place above that does.

    With *key* the place of its key is meant, not that of its value.
    """
    mark = root.mark if root is not None else Mark(1, 1)
    node = root
    for part in loc:
        if isinstance(node, Mapping) and part in node.entries:
            at, node = node.entries[str(part)]
            mark = at if key else node.mark
        elif isinstance(node, Sequence) and isinstance(part, int):
            if part >= len(node.items):
                break
            node = node.items[part]
            mark = node.mark
        else:
            break
    return Mark(*mark)


def holds(root: Any, loc: Loc) -> bool:
    """Does the file say something at *loc*?"""
    return child(root, loc) is not None


def child(root: Any, loc: Loc) -> Any:
    """Return the node at *loc*, or None."""
    node = root
    for part in loc:
        if isinstance(node, Mapping):
            node = node.entries.get(str(part), (None, None))[1]
        elif isinstance(node, Sequence) and isinstance(part, int):
            node = node.items[part] if part < len(node.items) else None
        else:
            return None
    return node


def grafted(root: Any, loc: Loc, leaf: Any) -> Any:
    """Return *root* with *leaf* at *loc*; what is not on the way there is shared.

    What an alias repeats is changed in this one place only. Where a scalar stands in
    the way, *root* comes back as it is.
    """
    if not loc:
        return leaf
    part, rest = loc[0], loc[1:]
    if root is None or (isinstance(root, Scalar) and not (root.text or root.quoted)):
        root = Mapping({}, Mark(1, 1), 1)  # nothing, or an empty section
    if isinstance(root, Mapping):
        mark, below = root.entries.get(str(part), (root.mark, None))
        entries = root.entries | {str(part): (mark, grafted(below, rest, leaf))}
        return root._replace(entries=entries)
    if isinstance(root, Sequence) and isinstance(part, int):
        items = list(root.items)
        items[part] = grafted(items[part], rest, leaf)
        return root._replace(items=items)
    return root


def plain(node: Any) -> Any:
    """Return the tree as dicts, lists and scalars."""
    if isinstance(node, Mapping):
        return {key: plain(child) for key, (_, child) in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(child) for child in node.items]
    return node.text if node.quoted else resolve(node.text)
