"""A configuration's bytes as text and as YAML events, or the one problem with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from agent2.compiler.problems import Problem
from agent2.compiler.yaml_tree import Mark

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# Control characters, line ends that only YAML knows, and marks that turn the writing
# direction: an editor does not show what they do.
_UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f"
    "\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
_COLON = "Texts that hold : or # stand in quotes."
_TAB = re.compile(r"^[ ]*\t", re.MULTILINE)


class RefusedError(Exception):
    """The text cannot be read on; carries the one problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def decoded(raw: bytes, path: str) -> str:
    """Return *raw* as text without anything unseen in it.

    Raises:
        RefusedError: it is not UTF-8, or holds what an editor does not show.
    """
    if raw.startswith(b"\xef\xbb\xbf"):
        got = "a byte-order mark"
        raise RefusedError(
            broken(path, Mark(1, 1), "begins with unseen bytes", got, "Save without.")
        )
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        mark = _place(raw[: error.start].decode(), error.start)
        got = f"the byte 0x{raw[error.start]:02x}"
        refusal = broken(path, mark, "is not UTF-8", got, "Save it as UTF-8.")
        raise RefusedError(refusal) from None
    for pattern, what in ((_UNSEEN, "an unseen character"), (_TAB, "a tab indents")):
        found = pattern.search(text)
        if found:
            got = f"U+{ord(found[0][-1]):04X}"
            mark = _place(text, found.end() - 1)
            hint = "Write it as an escape in double quotes, or leave it out."
            if pattern is _TAB:
                hint = "Indent with spaces."
            raise RefusedError(broken(path, mark, what, got, hint))
    return text


def _place(text: str, index: int) -> Mark:
    before = text[:index]
    return Mark(before.count("\n") + 1, len(before) - before.rfind("\n"))


def broken(path: str, mark: Mark, what: str, got: str, hint: str = "") -> Problem:
    """Return a problem of the file as a whole."""
    expected = "one YAML mapping in UTF-8"
    return Problem(path, *mark, "file", what, got, expected, hint)


def events(text: str, path: str) -> Iterator[Any]:
    """Yield the parser's events.

    Raises:
        RefusedError: it is not YAML.
    """
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        at = error.problem_mark or error.context_mark
        mark = Mark(at.line + 1, at.column + 1) if at else Mark(1, 1)
        why = " ".join(str(error.problem or "a syntax error").split())
        raise RefusedError(
            broken(path, mark, f"is not YAML: {why}", "a slip of syntax", _COLON)
        ) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        what = f"is not YAML: {type(error).__name__}"
        refusal = broken(path, Mark(1, 1), what, "something else")
        raise RefusedError(refusal) from None
