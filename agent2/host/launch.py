"""Start a program with nothing of ours but what it is given."""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

_RESET = (
    signal.SIGPIPE,
    signal.SIGXFSZ,
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)


def start(argv: Sequence[str], env: Mapping[str, str], inlet: int) -> int:
    """Start *argv* in a session of its own, writing to *inlet*; return its PID.

    Raises:
        OSError: it is not there, not allowed, or there is no room for it.
        ValueError: an argument holds a NUL.
    """
    actions: list[Any] = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, inlet, 1),
        (os.POSIX_SPAWN_DUP2, inlet, 2),
        *((os.POSIX_SPAWN_CLOSE, fd) for fd in _inherited()),
    ]
    options: dict[str, Any] = {"setsigmask": (), "setsigdef": _RESET}
    options["file_actions"] = actions
    spawn = os.posix_spawn if "/" in argv[0] else os.posix_spawnp
    try:
        return spawn(argv[0], list(argv), env, setsid=True, **options)
    except NotImplementedError:  # an old C library
        return spawn(argv[0], list(argv), env, setpgroup=0, **options)


def _inherited() -> list[int]:
    """Return the descriptors that our own parent left open for every child."""
    found = []
    for name in os.listdir("/dev/fd"):
        try:
            if int(name) > 2 and os.get_inheritable(int(name)):
                found.append(int(name))
        except OSError:
            pass  # the listing's own
    return found


def open_pipe() -> tuple[int, int]:
    """Return the two ends of a pipe; reading from it never waits."""
    outlet, inlet = os.pipe()
    os.set_blocking(outlet, False)
    return outlet, inlet


def open_log(path: str) -> tuple[int, int]:
    """Make *path* anew and return it open for reading and for appending.

    Raises:
        OSError: it cannot be made, or is a link.
    """
    flags = os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    inlet = os.open(path, os.O_WRONLY | flags, 0o600)
    try:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), inlet
    except OSError:
        os.close(inlet)
        raise
