"""Values as JSON texts and back, tolerant of other versions of themselves.

A field that is missing, unknown or of a wrong type never makes a row unreadable:
a newer or older agent2 may have written it, or a disk may have bent it.
"""

from __future__ import annotations

import json
from enum import Enum

from agent2.core.model import AlertKind, Code, Facet, Health, Severity
from agent2.core.value import as_dict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeVar

    T = TypeVar("T")
    E = TypeVar("E", bound=Enum)


_MOST = 2**53  # SQLite's whole numbers end at 2**63, floats have gaps beyond this


def plain(text: str) -> str:
    """Return *text* as SQLite can hold it: half characters become ``?``."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _foreign(thing: object) -> Any:
    return thing.value if isinstance(thing, Enum) else str(thing)


# One for all: ``json.dumps`` would make an encoder for each call.
_encode = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=_foreign
).encode
_encode_strict = json.JSONEncoder(
    ensure_ascii=False, separators=(",", ":"), default=_foreign, allow_nan=False
).encode


def dump(tree: Any) -> str:
    """Return *tree* as compact JSON; enums by value, all else foreign as text."""
    return plain(_encode(tree))


def dump_json(tree: Any) -> str:
    """Return *tree* as JSON that SQLite reads: no NaN, which it takes for damage."""
    try:
        return plain(_encode_strict(tree))
    except ValueError:
        return plain(_encode_strict(_finite(tree)))


def load_object(text: object) -> dict[str, Any]:
    """Return the JSON object in *text*, or an empty one if there is none."""
    try:
        tree = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def pack(record: Any) -> str:
    """Return a value as the JSON text of its fields."""
    return dump(as_dict(record))


def unpack(cls: type[T], text: object, fallback: Mapping[str, Any]) -> T:
    """Return the value of *cls* that ``pack`` wrote.

    A field that cannot be read is taken from *fallback*, from the defaults of the
    class, or is the empty one of its type.
    """
    tree = load_object(text)
    defaults: dict[str, Any] = getattr(cls, "__defaults__", {}) | dict(fallback)
    fields = {}
    for name, kind in cls.__annotations__.items():
        read, empty = READERS[kind]
        try:
            fields[name] = read(tree[name])
        except (KeyError, TypeError, ValueError, OverflowError):
            fields[name] = defaults.get(name, empty)
    return cls(**fields)


def member(cls: type[E], text: object, otherwise: E) -> E:
    """Return the member of the enum *cls* with the value *text*."""
    try:
        return cls(text)
    except ValueError:
        return otherwise


def count(found: object) -> int:
    """Return *found* as a whole number from 0 to 2**53: one more is still stored."""
    return int(min(max(number(found), 0.0), _MOST))


def number(found: object, otherwise: float = 0.0) -> float:
    """Return *found* as a finite float."""
    try:
        return _float(found)
    except (TypeError, ValueError, OverflowError):
        return otherwise


def maybe_number(found: object) -> float | None:
    """Return *found* as a finite float, or None if it is not one."""
    return None if found is None else number(found)


def _finite(tree: Any) -> Any:
    """Return *tree* with null for each number that JSON has no word for."""
    if isinstance(tree, dict):
        return {key: _finite(one) for key, one in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_finite(one) for one in tree]
    # Infinite, or not a number: it is not itself when nothing is taken away.
    return None if isinstance(tree, float) and tree - tree != 0.0 else tree


def _float(found: object) -> float:
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise TypeError
    made = float(found)
    if made - made != 0.0:  # not a number, or infinite
        raise ValueError
    return made


def _int(found: object) -> int:
    if isinstance(found, bool) or not isinstance(found, int):
        raise TypeError
    if not 0 <= found <= _MOST:  # all of them are counts
        raise ValueError
    return found


def _bool(found: object) -> bool:
    if not isinstance(found, bool):
        raise TypeError
    return found


def _str(found: object) -> str:
    if not isinstance(found, str):
        raise TypeError
    return found


def _or_none(read: Callable[[object], Any]) -> Callable[[object], Any]:
    return lambda found: None if found is None else read(found)


def _each(read: Callable[[object], Any]) -> Callable[[Any], Any]:
    return lambda found: tuple(read(one) for one in found)


# What is read for each annotation of a stored value, and its empty one.
READERS: dict[str, tuple[Callable[[Any], Any], object]] = {
    "str": (_str, ""),
    "str | None": (_or_none(_str), None),
    "float": (_float, 0.0),
    "float | None": (_or_none(_float), None),
    "int": (_int, 0),
    "bool": (_bool, False),
    "tuple[float, ...]": (_each(_float), ()),
    "tuple[str, ...]": (_each(_str), ()),
    "Health": (Health, Health.UNKNOWN),
    "Facet": (Facet, Facet.HEALTH),
    "Code": (Code, Code.INTERNAL),
    "Severity": (Severity, Severity.CRITICAL),
    "AlertKind": (AlertKind, AlertKind.FIRING),
}
