"""The processes of one state folder: who they are, and how to kill the right one."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = {
    "agent2_monitor.py": "watcher",
    "courier/__main__.py": "courier",
    "compiler/__main__.py": "compiler",
}


@dataclass(frozen=True)
class Found:
    """A process: watcher, courier, lane or compiler."""

    pid: int
    role: str
    argv: tuple[str, ...]


def of(state_dir: Path) -> list[Found]:
    """Return the processes that work in *state_dir*."""
    found = []
    mark = os.fsencode(state_dir)
    for name in os.listdir("/proc"):
        # Asked fifty times a second of all that runs: most are none of ours.
        if name.isdigit() and mark in (raw := _raw(int(name))):
            argv = _words(raw)
            role = _role(int(name), argv) if str(state_dir) in argv else ""
            if role:
                found.append(Found(int(name), role, argv))
    return found


def kill(one: Found, number: int = signal.SIGKILL) -> bool:
    """Send a signal to *one* and to nobody who has its number by now."""
    try:
        handle = os.pidfd_open(one.pid)
    except ProcessLookupError:
        return False
    try:
        if _argv(one.pid) != one.argv:
            return False
        signal.pidfd_send_signal(handle, number)
        return True
    except ProcessLookupError:
        return False
    finally:
        os.close(handle)


def _argv(pid: int) -> tuple[str, ...]:
    """Return its arguments; none for a zombie or one that is gone."""
    return _words(_raw(pid))


def _raw(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb", 0) as file:
            return file.read()
    except OSError:
        return b""


def _words(raw: bytes) -> tuple[str, ...]:
    return tuple(raw.decode("utf-8", "replace").split("\0")[:-1])


def _role(pid: int, argv: tuple[str, ...]) -> str:
    for end, role in PROGRAMS.items():
        if any(each.endswith(end) for each in argv):
            if role != "courier" or _holds(pid, "courier.lock"):
                return role
            return "lane"  # a fork of the courier, which let go of its lock
    return ""


def _holds(pid: int, name: str) -> bool:
    try:
        numbers = os.listdir(f"/proc/{pid}/fd")
    except OSError:
        return False
    for number in numbers:
        try:
            if os.readlink(f"/proc/{pid}/fd/{number}").endswith(f"/{name}"):
                return True
        except OSError:
            continue
    return False
