"""The process in which a policy that is not ours thinks; its parent is a ``Worker``.

Both speak over a socket pair. A question is four bytes of length and a pickle of
event and standing; an answer is one line of JSON, for what it says is a stranger's.
"""

from __future__ import annotations

import os
import pickle
import signal

from agent2.host import forked
from agent2.supervisor import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import NoReturn, TypeAlias

    from agent2.core.events import Event
    from agent2.core.policies import Decision
    from agent2.core.standing import Standing

    Policy: TypeAlias = Callable[[Event, Standing], Decision | None]

_MEMORY = 512 << 20  # bytes beside the parent's: a policy that eats all fails alone


def serve(wire: socket.socket, policy: Policy) -> NoReturn:
    """Answer until the other end is closed; never returns, never raises."""
    try:
        os.setpgid(0, 0)
        forked.limit(_MEMORY)
        forked.let_go(wire.fileno())
        getattr(policy, "prepare", int)()
        wire.sendall(b"{}\n")
        while size := _exactly(wire, 4):
            event, standing = pickle.loads(_exactly(wire, int.from_bytes(size, "big")))  # noqa: S301
            wire.sendall(_answer(policy, event, standing))
    except BaseException as error:  # its import failed: said at each question
        _refuse(wire, error)
    finally:
        kill_all(os.getpid())  # what it has started, and itself
        os._exit(0)  # nothing of the parent's is closed or flushed here


def _answer(policy: Policy, event: Event, standing: Standing) -> bytes:
    try:
        return frames.packed(policy(event, standing))
    except BaseException as error:  # SystemExit too: it is no reason to end
        return _told(error)


def _refuse(wire: socket.socket, error: BaseException) -> None:
    try:
        wire.sendall(b"{}\n")
        while size := _exactly(wire, 4):
            _exactly(wire, int.from_bytes(size, "big"))
            wire.sendall(_told(error))
    except OSError:
        return


def _told(error: BaseException) -> bytes:
    import json

    text = f"{type(error).__name__}: {error}"
    return json.dumps({"error": text}).encode() + b"\n"


def _exactly(wire: socket.socket, size: int) -> bytes:
    """Return *size* bytes, or b"" when the other end is closed."""
    found = b""
    while len(found) < size:
        piece = wire.recv(size - len(found))
        if not piece:
            return b""
        found += piece
    return found


def kill_all(pid: int) -> None:
    """Kill the child *pid*, not yet reaped, with all that it has started."""
    for kill in (os.killpg, os.kill):  # it may not lead its group yet
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
