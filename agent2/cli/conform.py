"""Holds a document against a JSON Schema: as much of the standard as ours use.

A keyword that is not known here is an error of ours, never a silent "valid". Source:
https://json-schema.org/draft/2020-12/json-schema-validation
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Schema = dict[str, Any]


_SORTS: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
SILENT = {"$schema", "$id", "$defs", "title", "description"}
_LONGEST = 80


def faults(document: Any, schema: Schema) -> list[str]:
    """Return what is wrong with *document*, each as ``/place: what``.

    Raises:
        KeyError: the schema uses a keyword that is not known here.
    """
    return [
        f"{place or '/'}: {what}" for place, what in _walk(document, schema, schema)
    ]


def _walk(
    node: Any, schema: Schema, root: Schema, place: str = ""
) -> Iterator[tuple[str, str]]:
    for word, asked in schema.items():
        if word == "$ref":
            found: Any = root
            for part in asked.removeprefix("#/").split("/"):
                found = found[part]
            yield from _walk(node, found, root, place)
        elif word == "anyOf":
            if all(any(_walk(node, one, root)) for one in asked):
                # The nearest: whatever is of the right sort speaks of its content.
                tried = [list(_walk(node, one, root, place)) for one in asked]
                yield from max(tried, key=lambda found: len(found[0][0]))
        elif word == "not":
            if not any(_walk(node, asked, root)):
                yield place, f"must not be {_shown(node)}"
        elif word in _INNER:
            for key, below, inner in _INNER[word](node, asked, schema):
                yield from _walk(below, inner, root, f"{place}/{key}")
        elif word not in SILENT:
            told = KEYWORDS[word](node, asked)
            if told:
                yield place, told


def _properties(node: Any, asked: Any, _schema: Schema) -> Iterator[Any]:
    if isinstance(node, dict):
        yield from ((k, node[k], inner) for k, inner in asked.items() if k in node)


def _others(node: Any, asked: Any, schema: Schema) -> Iterator[Any]:
    if isinstance(node, dict):
        known = schema.get("properties", {})
        yield from ((k, below, asked) for k, below in node.items() if k not in known)


def _items(node: Any, asked: Any, _schema: Schema) -> Iterator[Any]:
    if isinstance(node, list):
        yield from ((n, below, asked) for n, below in enumerate(node))


_INNER: dict[str, Callable[[Any, Any, Schema], Iterator[Any]]] = {
    "properties": _properties,
    "additionalProperties": _others,
    "items": _items,
}


def _is(node: Any, name: str) -> bool:
    if isinstance(node, bool):
        return name == "boolean"
    if name == "integer" and isinstance(node, float):
        return node.is_integer()
    return isinstance(node, _SORTS[name])


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _type(node: Any, asked: Any) -> str:
    names = [asked] if isinstance(asked, str) else asked
    good = any(_is(node, name) for name in names)
    return "" if good else f"is {_shown(node)}, not {' or '.join(names)}"


def _enum(node: Any, asked: Any) -> str:
    good = any(_same(node, one) for one in asked)
    return "" if good else f"is {_shown(node)}, none of {', '.join(map(str, asked))}"


def _required(node: Any, asked: Any) -> str:
    gone = [key for key in asked if key not in node] if isinstance(node, dict) else []
    return f"lacks {', '.join(gone)}" if gone else ""


def _pattern(node: Any, asked: Any) -> str:
    good = not isinstance(node, str) or re.search(asked, node)
    return "" if good else f"is {_shown(node)}, which does not match {asked}"


def _least(node: Any, asked: Any) -> str:
    small = _is(node, "number") and node < asked
    return f"is {_shown(node)}, less than {asked}" if small else ""


def _length(sort: type[str | list[Any]], sign: int) -> Callable[[Any, Any], str]:
    words = "fewer" if sign < 0 else "more"

    def judge(node: Any, asked: Any) -> str:
        wrong = isinstance(node, sort) and (len(node) - asked) * sign > 0
        return f"has {len(node)}, {words} than {asked}" if wrong else ""

    return judge


KEYWORDS: dict[str, Callable[[Any, Any], str]] = {
    "type": _type,
    "enum": _enum,
    "const": lambda node, asked: _enum(node, [asked]),
    "required": _required,
    "pattern": _pattern,
    "minimum": _least,
    "minLength": _length(str, -1),
    "minItems": _length(list, -1),
    "maxItems": _length(list, 1),
}


def _shown(node: Any) -> str:
    text = json.dumps(node, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
