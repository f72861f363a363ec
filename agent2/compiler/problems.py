"""What is wrong with a configuration: one line per problem, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from agent2.core.text import one_line
from agent2.core.value import value

Loc = tuple[str | int, ...]


MASK = "***"
_LONGEST = 60


@value
class Problem:
    """One thing that is wrong, and where.

    Attributes:
        path: The file, ``environment`` or ``command line``.
        key: As in ``targets[0].checks[1].port``.
        got: What stands there, as ``shown`` or ``sort_of`` gives it.
        warning: It is taken all the same.
    """

    path: str
    line: int
    column: int
    key: str
    what: str
    got: str
    expected: str
    hint: str = ""
    warning: bool = False

    def __str__(self) -> str:
        word = "warning: " if self.warning else ""
        hint = f" {self.hint}" if self.hint else ""
        # What comes from the environment or the command line has no line.
        place = f"{self.path}:{self.line}:{self.column}" if self.line else self.path
        text = (
            f"agent2: {place}: {word}{self.key}: "
            f"{self.what}, got {self.got}; expected {self.expected}.{hint}"
        )
        return one_line(text, 1000)


def count(problems: Iterable[Problem], path: str, more: int = 0) -> str:
    """Return the last line: how many problems there are in *path*, *more* unlisted."""
    warned = [problem.warning for problem in problems]
    parts = []
    for many, word in ((warned.count(False), "error"), (sum(warned), "warning")):
        if many or (word == "error" and not warned):
            parts.append(f"{many} {word}{'' if many == 1 else 's'}")
    parts += [f"and {more} more"] if more else []
    return one_line(f"agent2: {', '.join(parts)} in {path}", 1000)


def key_path(loc: Loc) -> str:
    """Return *loc* as people write it."""
    text = ""
    for part in loc:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            word = part if _is_word(part) else json.dumps(_cut(part))
            text += f".{word}" if text else word
    return text or "file"


def _is_word(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST and text.replace("_", "").replace("-", "").isalnum()
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def shown(node: Any) -> str:
    """Return what stands in the file, cut to a length that a line bears."""
    if node is None:
        return "nothing"
    if isinstance(node, bool):
        return "true" if node else "false"
    if isinstance(node, Guess):
        return one_line(str(node), _LONGEST)
    if isinstance(node, str):
        return one_line(json.dumps(_cut(node), ensure_ascii=False))
    if isinstance(node, int | float):
        return _cut(repr(node))
    return sort_of(node)


def sort_of(node: Any) -> str:
    """Return what sort of thing *node* is, and nothing of its content."""
    if node is None:
        return "nothing"
    if isinstance(node, bool):
        return "true or false"
    if isinstance(node, Guess | str):
        return "a text"
    if isinstance(node, int | float):
        return "a number"
    if isinstance(node, dict):
        return "a mapping"
    return "a list" if node else "an empty list"


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a question with the word of *known* that was probably meant, or ""."""
    lower = {each.lower(): each for each in known}
    close = get_close_matches(word[:_LONGEST].lower(), lower, n=1, cutoff=0.6)
    return f"Did you mean {lower[close[0]]}?" if close else ""


class Guess(str):
    """A plain word or number that YAML readers do not agree about."""

    __slots__ = ()
