"""Many processes that only wait, each with its PID file, all in one process group.

``victims.py FOLDER COUNT``: writes ``FOLDER/0.pid`` … and prints the group. They are
killed all at once with one ``killpg``; this process reaps them and ends with stdin.
"""

from __future__ import annotations

import os
import signal
import sys


def main(folder: str, count: int) -> None:
    """Fork *count* children and wait until stdin is closed."""
    group = 0
    pids = []
    for number in range(count):
        pid = os.fork()
        if pid == 0:
            os.close(0)
            signal.pause()
            os._exit(0)
        group = group or pid
        os.setpgid(pid, group)
        pids.append(pid)
        with open(os.path.join(folder, f"{number}.pid"), "w") as file:
            file.write(f"{pid}\n")
    print(group, flush=True)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps them
    sys.stdin.read()
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
