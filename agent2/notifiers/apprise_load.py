"""Load of Apprise's 180 channels only the one that an address names.

Loading all of them is half of a cold alert's time (0.2 s). What names the channel is
sought in the text of its modules; ``load_modules`` of Apprise's own manager is then
shown a folder that holds this one name (it imports by name and only lists the folder).
Whatever is not found so is found by Apprise itself, which loads everything.
"""

from __future__ import annotations

import os
import re
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def load_one(url: str) -> bool:
    """Load the channel of *url*; False if that was left to Apprise."""
    from apprise.manager_plugins import NotificationManager

    manager: Any = NotificationManager()  # type: ignore[no-untyped-call]
    schema, mark, _ = url.partition("://")
    if manager or not mark:
        return False  # loaded already, or no address
    name = module_of(manager.module_path, schema.lower())
    if not name:
        return False
    try:
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, name), "wb"):
                pass
            manager.load_modules(path=folder)
    except OSError:
        return False  # no room for a folder
    if schema.lower() not in manager:
        manager.load_modules()  # it only looked like it
        return False
    return True


def module_of(folder: str, schema: str) -> str:
    """Return the file or package in *folder* that speaks *schema*, "" if none does."""
    words = re.compile(r"protocol\s*=\s*\(?[^=]*?[\"']" + re.escape(schema) + "[\"']")
    for name in sorted(os.listdir(folder), key=lambda name: schema not in name):
        if not name.startswith(("_", "base")) and words.search(_text(folder, name)):
            return name
    return ""


def _text(folder: str, name: str) -> str:
    path = os.path.join(folder, name)
    if os.path.isdir(path):
        return "\n".join(_text(path, part) for part in sorted(os.listdir(path)))
    if not name.endswith(".py"):
        return ""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
