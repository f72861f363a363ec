"""The process in which a policy that is not ours thinks, on the leash of another one.

    Worker (in the supervisor) --forks--> the one that holds the leash --forks--> policy

The one between does nothing but wait: when the worker closes the socket or dies, or the
policy does, it kills all that the policy has started. Elsewhere than on Linux there is
none, and what leaves the policy's group gets away.

Worker and policy speak over a socket pair. A question is four bytes of length and a
pickle of event and standing; an answer is one line of JSON, for what it says is a
stranger's.
"""

from __future__ import annotations

import os
import pickle
import signal

from agent2.host import forked, leash
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
_PATIENCE_S = 2.0  # for what cannot be killed, or forks faster than it is


def serve(wire: socket.socket, policy: Policy) -> NoReturn:
    """Answer until the other end is closed; never returns, never raises."""
    held = False
    try:
        os.setpgid(0, 0)
        forked.limit(_MEMORY)
        forked.let_go(wire.fileno())
        held = leash.take()
        if child := os.fork() if held else 0:
            leash.hold(child, wire)
        else:
            _think(wire, policy, held=held)
    except BaseException as error:  # no process for it
        _refuse(wire, error)
    finally:
        if held:
            leash.pull(_PATIENCE_S)
        kill_all(os.getpid())  # what it has started, and itself
        os._exit(0)  # nothing of the parent's is closed or flushed here


def _think(wire: socket.socket, policy: Policy, *, held: bool) -> None:
    try:
        if held:
            os.setpgid(0, 0)  # who ends its own group keeps the leash
        getattr(policy, "prepare", int)()
        wire.sendall(b"{}\n")
        while size := _exactly(wire, 4):
            event, standing = pickle.loads(_exactly(wire, int.from_bytes(size, "big")))  # noqa: S301
            wire.sendall(_answer(policy, event, standing))
    except BaseException as error:  # its import failed: said at each question
        _refuse(wire, error)
    finally:
        if held:
            os._exit(0)


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


def end(pid: int) -> None:
    """End the child *pid*, whose wire is closed, with all that it has started."""
    leash.gone(pid, _PATIENCE_S + 1.0)
    kill_all(pid)
    try:
        os.waitpid(pid, 0)
    except ChildProcessError:
        pass


def kill_all(pid: int) -> None:
    """Kill *pid*, not yet reaped, and its group."""
    for kill in (os.killpg, os.kill):  # it may not lead its group yet
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue
