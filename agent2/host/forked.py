"""What a forked child lets go of before it does the work it was made for."""

from __future__ import annotations

import os
import signal


def let_go(kept: int) -> None:
    """Close all descriptors but *kept*, be silent, and end at the parent's word alone.

    What the parent holds (its store, its sockets, its way to hear signals) is not ours,
    and libraries print and log: addresses, tokens, whole bodies.
    """
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGURG):
        signal.signal(number, signal.SIG_IGN)
    try:
        most = max(int(name) for name in os.listdir("/dev/fd"))
    except OSError:
        most = 1024  # no such folder here
    os.closerange(3, kept)
    os.closerange(kept + 1, most + 1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    os.close(nothing)


def limit(memory: int) -> None:
    """Allow *memory* bytes beside what there is (Linux), and no core dump.

    Where a whole service has one limit (``MemoryMax=``) several children may reach it
    together: then the kernel shall take one of them and never the watcher.
    """
    import resource  # for who forks; all others have this room without it

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("1000")
    except OSError:
        pass  # no /proc
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
        most = pages * resource.getpagesize() + memory
        resource.setrlimit(resource.RLIMIT_AS, (most, most))
    except (OSError, ValueError):
        pass  # no /proc: the deadline alone bounds it
