"""An expectation: what a setting should be, and how what is there differs from it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from agent2.cli import codes
from agent2.cli import settings as paths
from agent2.cli.errors import Failure
from agent2.cli.words import say

SECTIONS = ("sysctl", "limits", "nginx")
_UNITS = {
    "": 1,
    "k": 1 << 10,
    "m": 1 << 20,
    "g": 1 << 30,
    "s": 1,
    "h": 3600,
    "d": 86400,
}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)([kmgshd]?)", re.IGNORECASE)
_BOUNDS = ("at_least", "at_most")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One expectation: just *value*, or by *bound* no less or no more than it."""

    value: str
    bound: str = ""

    def holds(self, has: str) -> bool:
        """Is *has* as it should be? ``unlimited`` is more than anything."""
        if not self.bound:
            return has.split() == self.value.split()
        found, limit = amount(has), amount(self.value)
        if found is None or limit is None:
            return False
        return found >= limit if self.bound == "at_least" else found <= limit

    def __str__(self) -> str:
        """Say it for people."""
        if not self.bound:
            return self.value
        return f"{'>=' if self.bound == 'at_least' else '<='} {self.value}"


def amount(text: str) -> float | None:
    """Return a number with a unit as a number (``10m``, ``65``); None if it is none."""
    word = next(iter(text.split()), "")
    if word in ("unlimited", "infinity"):
        return float("inf")
    found = _AMOUNT.fullmatch(word)
    return float(found[1]) * _UNITS[found[2].lower()] if found else None


def load(path: str) -> dict[str, dict[str, Wanted]]:
    """Read the expectation file at *path*; the compiler's reader does, in a child.

    Raises:
        Failure: it is not there, no YAML, or says something else.
    """
    argv = [paths.python(), "-I", paths.COMPILER, "--tree", "--config", path]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [str(done.returncode)]
        why = lines[0].removeprefix("agent2: ")
        raise Failure(codes.CONFIG, why, say("host.try_file"))
    tree = json.loads(done.stdout)
    problem = next(_wrong(tree), "")
    if problem:
        message = say("host.wrong", path=path, what=problem)
        raise Failure(codes.CONFIG, message, say("host.try_file"))
    return {
        section: {
            name: _wanted(node) for name, node in (tree.get(section) or {}).items()
        }
        for section in SECTIONS
    }


def _wrong(tree: Any) -> Iterator[str]:
    """Yield the keys that no expectation has."""
    if not isinstance(tree, dict):
        yield "?"
        return
    yield from (str(key) for key in tree if key not in (*SECTIONS, "version"))
    for section in SECTIONS:
        entries = tree.get(section)
        if entries is not None and not isinstance(entries, dict):
            yield section
            continue
        for name, node in (entries or {}).items():
            if not _is_wanted(node):
                yield f"{section}.{name}"


def _is_wanted(node: Any) -> bool:
    if isinstance(node, dict):
        (only,) = node.items() if len(node) == 1 else (("", None),)
        return only[0] in _BOUNDS and amount(_spelled(only[1])) is not None
    return isinstance(node, str | int | float | bool)


def _wanted(node: Any) -> Wanted:
    if isinstance(node, dict):
        ((bound, value),) = node.items()
        return Wanted(_spelled(value), bound)
    return Wanted(_spelled(node))


def _spelled(node: Any) -> str:
    if isinstance(node, bool):
        return "on" if node else "off"
    return str(node)
