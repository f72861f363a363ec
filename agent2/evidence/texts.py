"""Texts that a target leaves: the last lines of its logs, and its Python stacks."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from agent2.core.redaction import redact
from agent2.core.text import scrub, visible
from agent2.evidence.process import read

_LINES = 40
_TAIL = 32768  # bytes of a log that are read
_LOGS = 4


def tails(
    pid: int, files: Iterable[str], secrets: tuple[str, ...]
) -> dict[str, list[str]]:
    """Return the last lines of those of *files* that are logs, without secrets.

    Read through the descriptors of *pid*: a name may lead elsewhere by now, to what
    only we may read.
    """
    logs = [path for path in files if path.endswith((".log", ".err", ".out"))][:_LOGS]
    found: dict[str, list[str]] = {}
    with suppress(OSError):
        for fd in os.listdir(f"/proc/{pid}/fd") if logs else ():
            with suppress(OSError):
                place = f"/proc/{pid}/fd/{fd}"
                name = os.readlink(place)
                if name in logs and name not in found and _opened(pid, fd):
                    found[name] = _tail(place, secrets)
    return found


def ends(paths: Iterable[str], secrets: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the last lines of *paths*, which the configuration names."""
    found = {}
    for path in paths:
        with suppress(OSError):
            found[path] = _tail(path, secrets)
    return found


def _opened(pid: int, fd: str) -> bool:
    """Was *fd* opened for use? With ``O_PATH`` anybody may hold what nobody may read.

    Source: proc(5), ``fdinfo``: the flags are octal.
    """
    rows = (line.split() for line in read(f"/proc/{pid}/fdinfo/{fd}").splitlines())
    flags = next((row[1] for row in rows if row[:1] == ["flags:"]), None)
    return flags is not None and not int(flags, 8) & os.O_PATH


def _tail(path: str, secrets: tuple[str, ...]) -> list[str]:
    if not stat.S_ISREG(os.stat(path).st_mode):
        return []
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        begin = max(os.fstat(fd).st_size - _TAIL, 0)
        file.seek(begin)
        text = file.read(_TAIL).decode("utf-8", "replace")
    if begin:  # half a line may be the secret of which its name was cut off
        text = text.partition("\n")[2]
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
