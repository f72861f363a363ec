"""Texts that a target leaves: the last lines of its logs, and its Python stacks."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

from agent2.core.redaction import redact
from agent2.core.text import scrub, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

_LINES = 40
_TAIL = 32768  # bytes of a log that are read
_LOGS = 4


def tails(files: Iterable[str], secrets: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the last lines of those of *files* that are logs, without secrets."""
    logs = [path for path in files if path.endswith((".log", ".err", ".out"))]
    return {path: _tail(path, secrets) for path in logs[:_LOGS]}


def _tail(path: str, secrets: tuple[str, ...]) -> list[str]:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    with os.fdopen(fd, "rb") as file:
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode):
            return []
        file.seek(max(facts.st_size - _TAIL, 0))
        text = file.read(_TAIL).decode("utf-8", "replace")
    lines = redact(scrub(text, secrets)).splitlines()[-_LINES:]
    return [visible(line)[:1000] for line in lines]


def stacks(pid: int, command: str, patience: float) -> list[dict[str, Any]]:
    """Return the stack of each Python thread of *pid*, where py-spy is installed.

    ``py-spy dump --json``; it reads the memory of the process without stopping it.
    """
    beside = os.path.join(os.path.dirname(sys.executable), "py-spy")
    program = beside if os.path.exists(beside) else shutil.which("py-spy")
    if program is None or "python" not in command:
        return []
    argv = [program, "dump", "--nonblocking", "--json", "--pid", str(pid)]
    try:
        done = subprocess.run(argv, capture_output=True, timeout=patience, check=True)
        told = json.loads(done.stdout)
        return [_stack(thread) for thread in told]
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError):
        return []


def _stack(thread: Mapping[str, Any]) -> dict[str, Any]:
    frames = [
        f"{one['name']} ({one['short_filename']}:{one['line']})"
        for one in thread["frames"]
    ]
    who = {"tid": thread["os_thread_id"], "name": thread["thread_name"]}
    return who | {"frames": frames}
