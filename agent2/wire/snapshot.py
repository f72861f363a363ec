"""The status JSON as its readers see it: what it says, and whether it still holds."""

from __future__ import annotations

import json
import os
import time

from agent2.core.text import visible
from agent2.core.value import value
from agent2.host import owner as owners
from agent2.host.files import read_small
from agent2.host.owner import Owner, Presence
from agent2.wire.tokens import STATUS_FILE as FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

PID_FILE, MARK = "agent2.pid", "agent2_monitor.py"  # of its writer, the watcher
_LARGEST = 64 << 20


@value
class Snapshot:
    """The status file and its writer at one instant.

    Attributes:
        tree: The document; {} if there is none or it cannot be read.
        text: The document as it stands in the file.
        trouble: Why *tree* is empty ("" if it is not), for people.
        owner: Who holds the PID file.
        age: Seconds since it was written; None if it does not say.
        fresh: The writer lives and ``valid_until`` has not passed.
    """

    tree: dict[str, Any]
    text: str
    trouble: str
    owner: Owner
    age: float | None
    fresh: bool

    @property
    def health(self) -> str:
        """The health that may be believed: ``unknown`` when nobody stands by it."""
        told = self.tree.get("health_status")
        known = told if told in ("ok", "warn", "down") else "unknown"
        return known if self.fresh else "unknown"

    def part(self, *keys: str) -> Any:
        """Return the value under *keys*, or None on the way where one is missing."""
        node: Any = self.tree
        for key in keys:
            node = node.get(key) if isinstance(node, dict) else None
        return node

    def entries(self, *keys: str) -> list[dict[str, Any]]:
        """Return the list under *keys*: its objects, [] where there is no list."""
        return objects(self.part(*keys))


def objects(node: object) -> list[dict[str, Any]]:
    """Return the objects of a list; whatever else a foreign hand wrote is left out."""
    found = node if isinstance(node, list) else []
    return [one for one in found if isinstance(one, dict)]


def read(
    state_dir: str,
    *,
    shown: bool = True,
    before: Snapshot | None = None,
    parse: Callable[[str], Any] = json.loads,
) -> Snapshot:
    """Read the status file and look who holds the PID file. Never raises.

    Unless it is *shown* to people its texts may hold what acts on a terminal. The tree
    of *before* (read in the same way) is kept while the file says the same.
    """
    owner = owners.find(os.path.join(state_dir, PID_FILE), MARK)
    text, trouble = _text(os.path.join(state_dir, FILE))
    tree: dict[str, Any] = {}
    if before is not None and before.tree and text == before.text:
        tree = before.tree
    elif text:
        try:
            parsed = parse(text)
        except (ValueError, RecursionError) as error:
            trouble = f"{FILE}: {error}"
        else:
            tree = parsed if isinstance(parsed, dict) else {}
            tree = _harmless(tree) if shown else tree
            trouble = "" if tree else f"{FILE}: not an object"
    age = seconds_since(tree.get("updated_at"))
    left = seconds_since(tree.get("valid_until"))
    # A clock that was set back makes ages negative: that is not fresh either.
    lived = age is not None and age > -60.0
    fresh = owner.presence is Presence.RUNNING and left is not None and left < 0
    return Snapshot(tree, text, trouble, owner, age, fresh and lived)


def _harmless(node: Any) -> Any:
    """Return *node* with its texts as a terminal may show them."""
    if isinstance(node, str):
        return "\n".join(map(visible, node.split("\n")))
    if isinstance(node, list):
        return [_harmless(one) for one in node]
    if isinstance(node, dict):
        return {key: _harmless(child) for key, child in node.items()}
    return node


def _text(path: str) -> tuple[str, str]:
    try:
        return read_small(path, _LARGEST).decode("utf-8", "replace"), ""
    except OSError as error:
        return "", f"{path}: {error.strerror}"


def seconds_since(moment: object) -> float | None:
    """Return how many seconds ago *moment* (RFC 3339) was; None if it is none."""
    if not isinstance(moment, str):
        return None
    from datetime import datetime  # the watcher's room: not before it is needed

    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return None
    if then.tzinfo is None:
        return None
    return time.time() - then.timestamp()
