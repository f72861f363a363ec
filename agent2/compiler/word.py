"""What a type of the configuration is; the numbers, choices and switches.

One ``Word`` is all that is known of a type: how it is read, how an error names it,
its JSON Schema, and whether its value may be shown. Every scalar of every model is
of one of these, so no YAML guess and no reference gets past.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from agent2.compiler import references, scalars
from agent2.compiler.problems import Guess, nearest
from agent2.compiler.words import TEXT_OR_REFERENCE, Instance, Scope, Wrong


@dataclass(frozen=True, eq=False, slots=True)
class Word:
    """A type: *name* completes "expected …"; *hint* is said when it is not met."""

    name: str
    read: Callable[[Any, Scope], Any]
    schema: Mapping[str, Any]
    hint: str = ""
    secret: bool = False
    switch: bool = False  # on and off are meant

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.with_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, _schema: Any, _handler: Any) -> Any:
        return dict(self.schema)

    def _validate(self, node: Any, info: Any) -> Any:
        return self.take(node, info.context)

    def take(self, node: Any, scope: Scope) -> Any:
        """Return the value of *node*.

        Raises:
            Wrong: it is none of this type.
        """
        try:
            return self._read(node, scope)
        except Wrong as wrong:
            wrong.hint = self.hint if wrong.hint == "" else wrong.hint
            wrong.expected = wrong.expected or self.name
            wrong.hidden = wrong.hidden or self.secret or _refers(node)
            raise

    def _read(self, node: Any, scope: Scope) -> Any:
        if isinstance(node, Guess) and not self.switch:
            hint = "If text is meant, put it in quotes."
            if "quotes" not in self.hint:
                hint = f"{hint} {self.hint}".rstrip()
            raise Wrong("YAML readers disagree about it", hint)
        if node is None:
            raise Wrong("is empty", "Leave the key out for its default.")
        if isinstance(node, dict | list):
            raise Wrong("is of the wrong sort")
        return self.read(node, scope)


def _refers(node: Any) -> bool:
    return isinstance(node, str) and references.refers(node)


def settled(node: Any, scope: Scope) -> Any:
    """Return *node* with references put in, for what is settled in the plan."""
    if _refers(node):
        return scalars.resolve(references.expand(node, scope.base, scope.environ))
    return node


def _value(read: Callable[[Any], Any]) -> Callable[[Any, Scope], Any]:
    return lambda node, scope: read(settled(node, scope))


def _between(low: float, high: float, many: float) -> None:
    if many < low:
        raise Wrong("is too small", None)
    if many > high:
        raise Wrong("is too large", None)


def duration(least: float = 0.0, most: float = 31_536_000.0) -> Word:
    """Return the type of a duration within bounds, in seconds."""

    def read(node: Any) -> float:
        if isinstance(node, bool) or not isinstance(node, int | float | str):
            raise Wrong("is no duration")
        seconds = scalars.duration(node)
        if seconds is None:
            raise Wrong("is no duration")
        _between(least, most, seconds)
        return seconds

    bounds = f"{scalars.told(least)} to {scalars.told(most)}"
    schema = {"anyOf": [{"type": "number", "minimum": least}, {"type": "string"}]}
    hint = "Write 5s, 1m30s, 2h or 500ms; a plain number is seconds."
    return Word(f"a duration from {bounds}", _value(read), schema, hint)


def whole(least: int, most: int, name: str = "") -> Word:
    """Return the type of a whole number within bounds."""
    name = name or f"a whole number from {least} to {most}"

    def read(node: Any) -> int:
        if isinstance(node, Instance) and node.isascii() and node.isdigit():
            node = int(node)
        if isinstance(node, bool) or not isinstance(node, int):
            raise Wrong("is no whole number", _unquote(node))
        _between(least, most, node)
        return node

    number = {"type": "integer", "minimum": least, "maximum": most}
    return Word(
        name,
        _value(read),
        {"anyOf": [number, TEXT_OR_REFERENCE]},
        "Write plain digits.",
    )


def _unquote(node: Any) -> str:
    digits = isinstance(node, str) and re.fullmatch("-?[0-9]+", node)
    return "Leave the quotes out." if digits else ""


def choice(*known: str) -> Word:
    """Return the type of one word of a few."""

    def read(node: Any) -> str:
        if not isinstance(node, str) or node not in known:
            raise Wrong("is not known", nearest(str(node), known))
        return node

    name = f"one of {', '.join(known)}"
    return Word(name, _value(read), {"enum": list(known)})


def _number(node: Any) -> float:
    if isinstance(node, bool) or not isinstance(node, int | float):
        raise Wrong("is no number", _unquote(node))
    return float(node)


def _truth(node: Any) -> bool:
    if not isinstance(node, bool):
        raise Wrong("is neither true nor false")
    return node


def _switch(node: Any, _scope: Scope) -> bool:
    # The one place where YAML 1.1's on and off are meant (a Guess is a str).
    known = {"on": True, "off": False, "true": True, "false": False}
    word = str(node).lower()
    if word not in known:
        raise Wrong("is neither on nor off")
    return known[word]


def _size(node: Any) -> int:
    many = None
    if not isinstance(node, bool) and isinstance(node, int | float | str):
        many = scalars.size(node)
    if many is None:
        raise Wrong("is no size")
    _between(0, 2**40, many)
    return many


SECONDS = duration()
PORT = whole(1, 65535, "a port from 1 to 65535")
WHOLE = whole(-(2**53), 2**53, "a whole number")
NUMBER = Word("a number", _value(_number), {"type": "number"})
TRUTH = Word("true or false", _value(_truth), {"type": "boolean"})
SWITCH = Word("on or off", _switch, {"enum": [True, False, "on", "off"]}, switch=True)
SIZE = Word(
    "a size such as 10MB or 64KiB",
    _value(_size),
    {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}]},
)
