"""One line of an application's log: what it says, when, and how long a request took.

Two forms: JSON lines (``timestamp``, ``message``, ``context.execution_time``,
``context.url``), and plain ones, ``%(asctime)s - name - LEVEL - message``.
"""

from __future__ import annotations

import json
import re

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The three forms in which a service of the documents writes a response time; the last
# one is Agent2's own.
_TOLD = re.compile(
    rb"api\.request_duration\s*=\s*([0-9.]+)\s*s"
    rb"|\(([0-9]+(?:\.[0-9]+)?)s\)"
    rb"|\xe5\x93\x8d\xe5\xba\x94\xe6\x97\xb6\xe9\x97\xb4: ([0-9.]+)s"
)
_NAME = b'"execution_time"'
_EXECUTION = re.compile(  # at most once in a line: it takes the rest along
    rb'"context":[^\S\n]*+\{[^{}"\n]*+(?:"[^"\\\n]*+"[^{}"\n]*+)*?"execution_time":'
    rb"[^\S\n]*+(-?[0-9]++(?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?)[^\S\n]*+[,}].*+"
)
_URL = re.compile(rb"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) (\S+)")
_STAMP = re.compile(
    rb"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?"
)


@value
class Record:
    """A line taken apart; ``""`` and None where it does not say.

    Attributes:
        at: Its time as it stands there.
        seconds: How long its request took.
    """

    at: str = ""
    message: str = ""
    seconds: float | None = None
    url: str | None = None

    @property
    def hour(self) -> str:
        """The two digits of its hour, or ""."""
        clock = self.at.partition("T")[2] or self.at.partition(" ")[2]
        return clock[:2] if clock[:2].isdigit() else ""


def parsed(line: bytes) -> Record | None:
    """Return a JSON line as a record; None: it is none."""
    try:
        tree = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    context = tree.get("context")
    context = context if isinstance(context, dict) else {}
    message = tree.get("message")
    seconds = _number(context.get("execution_time"))
    if seconds is None:
        seconds = told(line)
    url = context.get("url")
    text = "null" if message is None else str(message)
    return Record(str(tree.get("timestamp") or ""), text, seconds, _text(url))


def plain(line: bytes) -> Record | None:
    """Return a plain line as a record; None: it does not begin with a time."""
    stamp = _STAMP.match(line)
    if stamp is None:
        return None
    parts = line.split(b" - ", 3)
    said = parts[-1].decode("utf-8", "replace")
    url = _URL.search(line)
    where = url[1].decode("utf-8", "replace") if url else None
    return Record(stamp[0].decode(), said, told(line), where)


def seconds_of(lines: list[bytes]) -> list[float | None]:
    """Return the seconds that each of *lines* tells; None: it tells none."""
    block = b"\n".join(lines)
    if block.count(_NAME) == len(lines):
        found = _EXECUTION.findall(block)
        if len(found) == len(lines):  # each tells one time
            return [float(text) for text in found]
    return [_seconds(line) for line in lines]


def _seconds(line: bytes) -> float | None:
    found = _EXECUTION.search(line)
    if found is not None and line.count(_NAME) == 1:
        return float(found[1])
    if b"execution_time" in line and line.lstrip()[:1] == b"{":
        record = parsed(line)  # an odd order, a second one: the slow, sure way
        return record.seconds if record else None
    return told(line)


def told(line: bytes) -> float | None:
    """Return the seconds that the words of a line tell; None if they tell none."""
    found = _TOLD.search(line)
    if found is None:
        return None
    try:
        return float(found[found.lastindex or 0])
    except ValueError:
        return None


def _number(given: Any) -> float | None:
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    return None


def _text(given: Any) -> str | None:
    return given if isinstance(given, str) else None
