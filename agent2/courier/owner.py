"""Whose courier is this: is its folder still there, and no other watcher in it?"""

from __future__ import annotations

import os

from agent2.host.files import lives
from agent2.host.instance import read_pid

LOCK = "courier.lock"
_PID_FILE = "agent2.pid"


def has_another(state_dir: str) -> bool:
    """Return whether a living watcher that is not our parent works in *state_dir*.

    A courier outlives a killed watcher and goes on telling; but the next watcher has
    a surrounding of its own (where secrets may stand) and wants to stop what it runs.
    """
    try:
        number = os.open(
            os.path.join(state_dir, _PID_FILE), os.O_RDONLY | os.O_NOFOLLOW
        )
    except OSError:
        return False
    try:
        pid = read_pid(number)
    finally:
        os.close(number)
    return pid > 1 and pid != os.getppid() and lives(pid)


def is_homeless(lock: int, state_dir: str) -> bool:
    """Return whether the *lock* that we hold is not that of *state_dir* any more."""
    try:
        there = os.lstat(os.path.join(state_dir, LOCK))
    except OSError:
        return True
    ours = os.fstat(lock)
    return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)
