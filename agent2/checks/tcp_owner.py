"""Whose is a local port? Loaded where a ``tcp`` check names an owner."""

from __future__ import annotations

import re

from agent2.core.model import Code
from agent2.host import sockets, trees
from agent2.host.processes import read_words


def judge(port: int, pattern: str) -> tuple[Code, str]:
    """Return what is to be said of who listens on *port*; runs in a thread.

    Whom we may not look at (another user's, unless we are root) is not judged.
    """
    holders, _ = sockets.listeners(port, trees.table())
    if not holders:
        return Code.OK, f"port {port} accepts connections; its owner is hidden from us"
    for pid in sorted(holders):
        if re.search(pattern, read_words(pid)):
            return Code.OK, f"port {port} is held by {_named(pid)}"
    named = ", ".join(_named(pid) for pid in sorted(holders))
    return Code.WRONG_OWNER, f"port {port} is held by {named}: no {pattern!r}"


def _named(pid: int) -> str:
    """Return number and name: the command line may hold a password."""
    return f"PID {pid} ({read_words(pid).partition(' ')[0]})"
