"""Words of the configuration that mean a number: scalars, durations, sizes."""

from __future__ import annotations

import re

from agent2.compiler.problems import Guess

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,17}")
_TRUTH = {"true": True, "false": False, "True": True, "False": False}
_TRUTH |= {"TRUE": True, "FALSE": False}
_NOTHING = ("", "~", "null", "Null", "NULL")

# What YAML 1.1 (https://yaml.org/type/), YAML 1.2 and PyYAML read differently.
_GUESS = re.compile(
    r"""(?i:yes|no|on|off)
    |[-+]?0[0-9_]+|[-+]?0[box][0-9a-fA-F_]+                   # 010, 0o17, 0x1F
    |[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?         # 1:30 is 90
    |[-+]?[0-9]+(?:_[0-9_]*)?(?:\.[0-9_]*)?(?:[eE][-+]?[0-9]+)?  # 1_000, 1e3, +5, 5.
    |[-+]?\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?                  # .5
    |[-+]?\.(?i:inf)|\.(?i:nan)
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt ].*)?               # a date object
    """,
    re.VERBOSE,
)

_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_NUMBER = r"[0-9]{1,12}(?:\.[0-9]{1,9})?"
_DURATION = re.compile(
    "".join(rf"(?:(?P<{unit}>{_NUMBER}){unit}(?!s))?" for unit in ("d", "h", "m"))
    + rf"(?:(?P<s>{_NUMBER})s)?(?:(?P<ms>{_NUMBER})ms)?"
)
_SIZE = re.compile(rf"({_NUMBER}) ?(|[kKMG]i?)B?")
_SIZES = {"": 1, "k": 10**3, "K": 10**3, "M": 10**6, "G": 10**9}
_SIZES |= {"ki": 2**10, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def resolve(text: str) -> str | int | float | bool | None:
    """Return what a plain (unquoted) scalar means; a ``Guess`` where readers differ."""
    if text in _NOTHING:
        return None
    if text in _TRUTH:
        return _TRUTH[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _GUESS.fullmatch(text):
        return Guess(text)
    return text


def duration(node: str | float) -> float | None:
    """Return seconds of ``5s``, ``1m30s``, ``500ms`` or a plain number; else None."""
    if isinstance(node, int | float):
        return float(node)
    if re.fullmatch(_NUMBER, node):
        return float(node)
    found = _DURATION.fullmatch(node)
    if not node or found is None:
        return None
    parts = found.groupdict()
    return round(sum(float(n) * _UNITS[unit] for unit, n in parts.items() if n), 9)


def size(node: str | float) -> int | None:
    """Return the bytes of ``10MB``, ``64KiB`` or a plain number; else None."""
    if isinstance(node, int | float):
        return int(node) if node == int(node) else None
    found = _SIZE.fullmatch(node)
    if found is None:
        return None
    return round(float(found[1]) * _SIZES[found[2]])


def told(seconds: float) -> str:
    """Return *seconds* as the configuration writes it: ``1m30s``."""
    if seconds == 0:
        return "0s"
    text, left = "", seconds
    for unit in ("d", "h", "m"):
        many = int(left // _UNITS[unit])
        if many:
            text += f"{many}{unit}"
            left -= many * _UNITS[unit]
    left = round(left, 6)
    if not left:
        return text
    if left < 1 and round(left * 1000, 3) == int(round(left * 1000, 3)):
        return f"{text}{round(left * 1000)}ms"
    return f"{text}{left:g}s"
