"""The health document: strict JSON (RFC 8259) and what it says."""

from __future__ import annotations

import json

from agent2.checks.net import ProbeError
from agent2.core.model import Code
from agent2.core.text import one_line, scrub

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

DEPTH = 32
_MOST = 4096  # lists and objects; 20,000 in 64 KiB would hold the loop up for 20 ms
_PARTS = 5  # named in a line
_SHOWN = 60  # characters of a foreign value in a detail
_WELL = ("ok", "healthy")  # words of a part that need no saying


class _StrictError(ValueError):
    """JSON by the letter of Python, not of the standard."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) != len(pairs):
        raise _StrictError("a key stands twice")
    return tree


def _refuse(word: str) -> None:
    raise _StrictError(f"{word} is no JSON")


_DECODE = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_refuse).decode


def read(body: bytes) -> dict[str, Any]:
    """Return the JSON object in *body*.

    Raises:
        ProbeError: ``json`` for what is no strict JSON, ``shape`` for another value.
    """
    tree = document(body)
    if not isinstance(tree, dict):
        raise ProbeError(Code.SHAPE, "body is JSON but not an object")
    return tree


def document(body: bytes) -> Any:
    """Return what stands in *body*, whatever it is.

    Raises:
        ProbeError: ``json``: it is no strict JSON.
    """
    try:
        text, inner = body.decode("utf-8"), body.count(b"[") + body.count(b"{")
        if inner > _MOST:
            raise _StrictError(f"has more than {_MOST} lists and objects")
        tree = _DECODE(text)
        if inner > DEPTH and _depth(tree) > DEPTH:
            raise _StrictError(f"is nested deeper than {DEPTH}")
    except UnicodeDecodeError:
        raise ProbeError(Code.JSON, "body is not UTF-8") from None
    except _StrictError as error:
        raise ProbeError(Code.JSON, f"body: {error}") from None
    except json.JSONDecodeError as error:
        why = f"{error.msg} at character {error.pos}" if body.strip() else "it is empty"
        raise ProbeError(Code.JSON, f"body is not JSON: {why}") from None
    except RecursionError:
        raise ProbeError(Code.JSON, "body: is nested much too deep") from None
    except ValueError:
        raise ProbeError(Code.JSON, "body: a number is too long") from None
    return tree


def _depth(tree: Any) -> int:
    deepest, level = 0, [tree]
    while level:
        nodes = [n for n in level if isinstance(n, dict | list)]
        deepest += bool(nodes)
        level = [c for n in nodes for c in (n.values() if isinstance(n, dict) else n)]
    return deepest


def status_word(tree: dict[str, Any]) -> str:
    """Return ``status`` of the document.

    Raises:
        ProbeError: ``shape``: there is none, or it is no text.
    """
    word = tree.get("status")
    if not isinstance(word, str):
        what = "is no text" if "status" in tree else "is missing"
        raise ProbeError(Code.SHAPE, f'"status" {what} in the body')
    return word


def shown(found: Any, hidden: tuple[str, ...]) -> str:
    """Return a foreign value as a detail may show it: short, quoted, on one line.

    *hidden* is put out before the cut, or the beginning of a secret would stay.
    """
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return f'"{one_line(scrub(text, hidden), _SHOWN)}"'


def wrong_components(
    tree: dict[str, Any], wanted: dict[str, str], hidden: tuple[str, ...]
) -> Iterator[str]:
    """Yield a line for each dotted path whose value is not the one wanted.

    An object counts as its own ``status``; true and numbers as their JSON text.
    """
    for path, word in wanted.items():
        found = look_up(tree, path)
        if isinstance(found, dict):
            found = found.get("status")
        if found is None:
            yield f"{path} is missing"
        elif (found if isinstance(found, str) else json.dumps(found)) != word:
            yield f'{path} is {shown(found, hidden)}, not "{word}"'


def unwell_parts(
    tree: dict[str, Any], check: Any, hidden: tuple[str, ...]
) -> tuple[str, str]:
    """Return a line of the entries that fail, and one of those that only warn.

    A service that calls itself ``healthy`` may still call its database ``ok``.
    """
    found = look_up(tree, check.parts)
    if not isinstance(found, dict):
        return f"{check.parts} is missing", ""
    fails: list[str] = []
    warns: list[str] = []
    for name, entry in found.items():
        word = entry.get("status") if isinstance(entry, dict) else entry
        if word in check.healthy or word in _WELL:
            continue
        mild = name in check.optional or (word in check.degraded and not check.strict)
        told = f"{one_line(name, _SHOWN)} is {shown(word, hidden)}"
        (warns if mild else fails).append(told)
    return ", ".join(fails[:_PARTS]), ", ".join(warns[:_PARTS])


def exceeded(tree: dict[str, Any], limits: dict[str, float]) -> Iterator[str]:
    """Yield a line for each number in ``metrics`` that is above its limit."""
    for name, limit in limits.items():
        found = look_up(tree, f"metrics.{name}")
        if isinstance(found, bool) or not isinstance(found, int | float):
            continue
        if found > limit:
            yield f"{name} is {_short(found)}, above {limit:g}"


def _short(number: float) -> str:
    try:
        return f"{number:g}"
    except OverflowError:  # a whole number beyond every float
        return "over 1e308"


def look_up(tree: Any, path: str) -> Any:
    """Return the value at the dotted *path*, None if there is none."""
    for part in path.split("."):
        if not isinstance(tree, dict):
            return None
        tree = tree.get(part)
    return tree
