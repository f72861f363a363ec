"""Whose a process is: what it says of itself in its command line proves nothing."""

from __future__ import annotations

import os
import stat


def is_of(pid: int, user: int) -> bool:
    """Does *pid* live and run for *user* alone (a user id)?

    A program that changes its user (setuid) has the words of whoever started it, so it
    is nobody's. ``Uid:`` of ``/proc/PID/status`` (proc(5)): real, effective, saved.
    """
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            told = file.read(4096)
    except OSError:
        return not os.path.isdir("/proc/self") and _is_of(pid, user)
    found = told.partition(b"\nUid:")[2].partition(b"\n")[0].split()
    if len(found) < 3 or {int(one) for one in found[:3]} != {user}:
        return False
    try:
        return not os.stat(f"/proc/{pid}/exe").st_mode & (stat.S_ISUID | stat.S_ISGID)
    except OSError:
        return True  # another user's: not for us to see


def _is_of(pid: int, user: int) -> bool:
    import subprocess  # where there is no /proc

    told = subprocess.run(
        ["ps", "-o", "ruid=,uid=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.split() == [str(user)] * 2
