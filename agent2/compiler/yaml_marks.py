"""YAML as a tree that knows its lines and columns, from a strict reader.

Works on the parser's events, so it stops at the first level, node or alias too many
and no file can make it grow: a billion laughs ends at the ten-thousandth.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import yaml

from agent2.compiler.problems import Problem, key_path
from agent2.compiler.scalars import resolve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from agent2.compiler.problems import Loc

DEEPEST = 40
MOST_NODES = 200_000
MOST_REPEATED = 10_000  # nodes that stand there through aliases

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Control characters, line ends that only YAML knows, and marks that turn the writing
# direction: an editor does not show what they do.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f"
    "\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_COLON = "Texts that hold : or # stand in quotes."
_TAB = re.compile(r"^[ ]*\t", re.MULTILINE)


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


class RefusedError(Exception):
    """The text cannot be read on; carries the one problem."""

    def __init__(self, problem: Problem) -> None:
        """Keep it."""
        super().__init__(str(problem))
        self.problem = problem


def compose(raw: bytes, path: str) -> tuple[Any, list[Problem]]:
    """Return the tree of *raw*, or None, and what is wrong with it as YAML."""
    try:
        text = _decoded(raw, path)
        builder = _Builder(path)
        for event in _events(text, path):
            builder.take(event)
    except RefusedError as refusal:
        return None, [refusal.problem]
    if builder.root is None:
        return None, [_broken(path, Mark(1, 1), "the file is empty", "nothing")]
    return builder.root, builder.problems


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


def plain(node: Any) -> Any:
    """Return the tree as dicts, lists and scalars."""
    if isinstance(node, Mapping):
        return {key: plain(child) for key, (_, child) in node.entries.items()}
    if isinstance(node, Sequence):
        return [plain(child) for child in node.items]
    return node.text if node.quoted else resolve(node.text)


def _decoded(raw: bytes, path: str) -> str:
    if raw.startswith(b"\xef\xbb\xbf"):
        got = "a byte-order mark"
        raise RefusedError(
            _broken(path, Mark(1, 1), "begins with unseen bytes", got, "Save without.")
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        mark = _place(raw[: error.start].decode(), error.start)
        got = f"the byte 0x{raw[error.start]:02x}"
        refusal = _broken(path, mark, "is not UTF-8", got, "Save it as UTF-8.")
        raise RefusedError(refusal) from None
    for pattern, what in ((_UNSEEN, "an unseen character"), (_TAB, "a tab indents")):
        found = pattern.search(text)
        if found:
            got = f"U+{ord(found[0][-1]):04X}"
            mark = _place(text, found.end() - 1)
            hint = "Write it as an escape in double quotes, or leave it out."
            if pattern is _TAB:
                hint = "Indent with spaces."
            raise RefusedError(_broken(path, mark, what, got, hint))
    return text


def _place(text: str, index: int) -> Mark:
    before = text[:index]
    return Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))


def _broken(path: str, mark: Mark, what: str, got: str, hint: str = "") -> Problem:
    expected = "one YAML mapping in UTF-8"
    return Problem(path, *mark, "file", what, got, expected, hint)


def _events(text: str, path: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(at.line + 1, at.column + 1) if at else Mark(1, 1)
        why = " ".join(str(error.problem or "a syntax error").split())
        raise RefusedError(
            _broken(path, mark, f"is not YAML: {why}", "a slip of syntax", _COLON)
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        what = f"is not YAML: {type(error).__name__}"
        refusal = _broken(path, Mark(1, 1), what, "something else")
        raise RefusedError(refusal) from None


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
        raise RefusedError(_broken(self.path, _mark(event), what, got))
