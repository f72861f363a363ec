"""YAML as a tree that knows its lines and columns, from a strict reader.

Works on the parser's events, so it stops at the first level, node or alias too many
and no file can make it grow: a billion laughs ends at the ten-thousandth.
"""

from __future__ import annotations

from typing import Any

import yaml

from agent2.compiler.problems import Loc, Problem, key_path
from agent2.compiler.yaml_text import RefusedError, broken, decoded, events
from agent2.compiler.yaml_tree import Mapping, Mark, Scalar, Sequence

DEEPEST = 40
MOST_NODES = 200_000
MOST_REPEATED = 10_000  # nodes that stand there through aliases


def compose(raw: bytes, path: str) -> tuple[Any, list[Problem]]:
    """Return the tree of *raw*, or None, and what is wrong with it as YAML."""
    try:
        text = decoded(raw, path)
        builder = _Builder(path)
        for event in events(text, path):
            builder.take(event)
    except RefusedError as refusal:
        return None, [refusal.problem]
    if builder.root is None:
        return None, [broken(path, Mark(1, 1), "the file is empty", "nothing")]
    return builder.root, builder.problems


class _Open:
    """A list or mapping whose end has not come yet."""

    __slots__ = ("anchor", "bad", "entries", "items", "key", "mark", "size")

    def __init__(self, event: Any, *, mapping: bool) -> None:
        self.entries: dict[str, tuple[Mark, Any]] | None = {} if mapping else None
        self.items: list[Any] = []
        self.key: Scalar | None = None
        self.bad = False  # the value that follows belongs to a refused key
        self.mark = _mark(event)
        self.anchor = event.anchor
        self.size = 1


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


class _Builder:
    """Turns events into a tree; problems that let it read on are collected."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.root: Any = None
        self.problems: list[Problem] = []
        self._open: list[_Open] = []
        self._anchors: dict[str, Any] = {}
        self._nodes = 0
        self._repeated = 0
        self._documents = 0

    def take(self, event: Any) -> None:
        """Take the next event."""
        if isinstance(event, yaml.NodeEvent):
            self._count(event)
        if isinstance(event, yaml.ScalarEvent):
            self._tag(event)
            quoted = event.style not in {None, ""}  # "" is how libyaml says plain
            node = Scalar(event.value, quoted, _mark(event))
            self._keep(event.anchor, node)
            self._put(node)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._tag(event)
            self._begin(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(event, "a second document begins", "---")

    def _count(self, event: Any) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._stop(event, f"more than {MOST_NODES} values", "more")

    def _begin(self, event: Any) -> None:
        if len(self._open) >= DEEPEST:
            self._stop(event, f"nested deeper than {DEEPEST} levels", "one more")
        mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(event, mapping=mapping))
        self._keep(event.anchor, None)

    def _end(self) -> None:
        done = self._open.pop()
        node: Any
        if done.entries is None:
            node = Sequence(done.items, done.mark, done.size)
        else:
            node = Mapping(done.entries, done.mark, done.size)
        self._keep(done.anchor, node)
        self._put(node)

    def _keep(self, anchor: str | None, node: Any) -> None:
        if anchor is not None:
            self._anchors[anchor] = node

    def _alias(self, event: Any) -> None:
        if event.anchor not in self._anchors:
            self._stop(event, "an alias to nothing", "an unknown anchor")
        node = self._anchors[event.anchor]
        if node is None:
            self._stop(event, "a value that holds itself", "an alias to it")
        self._repeated += node.size
        if self._repeated > MOST_REPEATED:
            self._stop(event, "aliases that grow too large", "one more")
        self._put(node, _mark(event))

    def _put(self, node: Any, mark: Mark | None = None) -> None:
        if not self._open:
            self.root = node
            return
        top = self._open[-1]
        top.size += node.size
        if top.entries is None:
            top.items.append(node)
        elif top.key is not None:
            if not top.bad:
                top.entries[top.key.text] = (top.key.mark, node)
            top.key = None
        else:
            self._key(top, node, mark or node.mark)

    def _key(self, top: _Open, node: Any, mark: Mark) -> None:
        top.bad = False
        if not isinstance(node, Scalar):
            self._tell(mark, "a key is a list or mapping", "no text", "a text as key")
            top.key, top.bad = Scalar("?", True, mark), True
            return
        top.key = Scalar(node.text, node.quoted, mark)
        if node.text == "<<" and not node.quoted:
            hint = "What all targets share stands under defaults."
            top.bad = True
            self._tell(mark, "merge keys are not taken", "<<", "plain keys", hint)
        elif top.entries is not None and node.text in top.entries:
            first = top.entries[node.text][0].line
            top.bad = True
            hint = f"It stands in line {first} already."
            self._tell(mark, "the key is doubled", "it again", "each key once", hint)

    def _tag(self, event: Any) -> None:
        if event.tag is not None:
            hint = "Texts need no tag; put them in quotes."
            mark = _mark(event)
            self._tell(mark, "tags are not taken", "a tag", "a plain value", hint)

    def _tell(
        self, mark: Mark, what: str, got: str, expected: str, hint: str = ""
    ) -> None:
        loc: Loc = ()
        for level in self._open:
            if level.entries is None:
                loc += (len(level.items),)
            elif level.key is not None:
                loc += (level.key.text,)
        self.problems.append(
            Problem(self.path, *mark, key_path(loc), what, got, expected, hint)
        )

    def _stop(self, event: Any, what: str, got: str) -> None:
        raise RefusedError(broken(self.path, _mark(event), what, got))
