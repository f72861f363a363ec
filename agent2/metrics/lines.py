"""The targets of the status file, of which only what moved is read again.

The watcher writes a line for each. From one look to the next its times move, and little
else: a line that is the same but for numbers with a fraction tells the same facts, and
those numbers are passed on as the digits that stand there. That costs half of what
parsing the file does. Any other line is parsed, and a file of another form as a whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent2.metrics.facts import facts

if TYPE_CHECKING:
    from agent2.metrics.facts import Facts

_BEGIN, _END = '\n  "targets": [\n', "\n  ]"
_AT = '"last_check": "'
_parts = re.compile(r": ([0-9]+\.[0-9e-]+)").split


class _Hole(float):
    """The place of a number among those of its line."""


@dataclass(slots=True)
class _Line:
    """A line as it was last.

    Attributes:
        head: The text up to the time of the last check.
        still: The texts between the numbers after it.
        facts: What it tells.
        took, answered, figures: Where among all the texts theirs are; -1 is none.
    """

    head: str
    still: list[str]
    facts: Facts
    took: list[int]
    answered: int
    figures: list[int]

    def fill(self, at: str, texts: list[Any]) -> Facts:
        """Put in what moved."""
        texts.append(None)
        told = self.facts
        told.at, told.answered = at, texts[self.answered]
        told.took = [texts[place] for place in self.took]
        if self.figures:
            told.figures = [
                (check, name, texts[place])
                for (check, name, _), place in zip(
                    told.figures, self.figures, strict=True
                )
            ]
        return told


class Lines:
    """Parses the status; for one at a time, and the facts are those of the last one."""

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._known: list[_Line | None] = []

    def parse(self, text: str) -> Any:
        """Return the tree; its targets are ``Facts`` if the watcher wrote the file.

        Raises:
            ValueError, RecursionError: it is no JSON.
        """
        begin = text.find(_BEGIN) + len(_BEGIN)
        end = text.find(_END, begin)
        if begin < len(_BEGIN) or end < 0:
            return json.loads(text)
        try:
            tree = json.loads(text[:begin] + text[end:])
            tree["targets"] = self._read(text[begin:end].split("\n"))
        except (ValueError, TypeError, AttributeError):
            return json.loads(text)
        return tree

    def _read(self, lines: list[str]) -> list[Facts]:
        known, cut, found = self._known, _parts, []
        known += [None] * (len(lines) - len(known))
        for place, line in enumerate(lines):
            head, _, rest = line.partition(_AT)
            at, _, rest = rest.partition('"')
            parts = cut(rest)
            one = known[place]
            if one is None or one.head != head or one.still != parts[::2]:
                one = known[place] = _learned(line, head, at, parts)
            found.append(one.fill(at, parts) if one else facts(_entry(line)))
        return found


def _entry(line: str, **how: Any) -> dict[str, Any]:
    return json.loads(line.rstrip(","), **how)  # type: ignore[no-any-return]


def _learned(line: str, head: str, at: str, parts: list[str]) -> _Line | None:
    """Return where the numbers of *line* belong; None if that cannot be told."""
    seen: list[str] = []

    def hole(digits: str) -> float:
        seen.append(digits)
        return _Hole(len(seen) - 1)

    told = facts(_entry(line, parse_float=hole))
    moving = [*told.took, told.answered, *(amount for _, _, amount in told.figures)]
    is_plain = all(type(one) is _Hole or one is None for one in moving)
    # Numbers within texts, or before the time, would be counted as others.
    if seen != parts[1::2] or told.at != at or not is_plain:
        return None
    if type(told.failures) is not int:
        return None
    places = [-1 if one is None else 2 * int(one) + 1 for one in moving]
    many = len(told.took)
    return _Line(
        head, parts[::2], told, places[:many], places[many], places[many + 1 :]
    )
