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
