"""How a command must be typed by this user: ``agent2``, or a script of a checkout."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent2.cli.settings import Settings


def typed(words: str, settings: Settings | None = None, *, config: bool = False) -> str:
    """Return the whole command line for *words* (``demo kill``).

    The scripts say by ``AGENT2_SCRIPTS`` where they lie: who called one of them has
    no ``agent2`` on the path. *settings* adds the state folder, if one was named, and
    with *config* the configuration.
    """
    folder = os.environ.get("AGENT2_SCRIPTS", "")
    name = "agent2"
    if folder and os.path.exists(os.path.join(folder, "agent2")):
        name = shlex.quote(min(folder, os.path.relpath(folder), key=len) + "/agent2")
    where = ""
    if settings is not None and settings.folder:
        where = f" --state-dir {shlex.quote(settings.state_dir)}"
    if config and settings is not None and settings.config:
        where += f" --config {shlex.quote(settings.config)}"
    return f"{name} {words}{where}"


def retyped(hint: str) -> str:
    """Return *hint* with a leading ``agent2`` as this user must type it."""
    if not hint.startswith("agent2 "):
        return hint
    return typed(hint.removeprefix("agent2 "))
