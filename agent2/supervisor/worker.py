"""A policy that is not ours runs in a process of its own, which can be ended.

It is forked when it is first asked, so what it has loaded stays warm; it holds nothing
of the store; it is killed when it does not answer in time, and forked anew.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import time

from agent2.core.text import one_line
from agent2.host import forked
from agent2.supervisor import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from agent2.core.events import Event
    from agent2.core.policies import Decision
    from agent2.core.standing import Standing

    Policy = Callable[[Event, Standing], Decision | None]

_PIECE = 65536
_LONGEST = 1 << 20  # bytes of one answer
_MEMORY = 512 << 20  # bytes beside ours: a policy that eats all fails alone
_LOOK_S = 0.2  # how often it is asked whether to stop
_LOADING_S = 30.0  # what the first answer may take longer: it imports


class PolicyError(Exception):
    """A policy gave no decision.

    *hung*: it was ended, because it took too long; *tried*: it was asked at all.
    """

    def __init__(self, text: str, *, hung: bool = False, tried: bool = True) -> None:
        """Keep the reason, one line."""
        super().__init__(one_line(" ".join(text.split()), 500))
        self.hung = hung
        self.tried = tried


class Interrupted(Exception):  # noqa: N818  (nothing is wrong)
    """Somebody asked to stop while a policy was thinking."""


class Worker:
    """One policy and the process in which it runs."""

    def __init__(self, policy: Policy, stop: Callable[[], bool]) -> None:
        """Fork nothing yet; *stop* is asked while a policy thinks."""
        self._policy = policy
        self._stop = stop
        self._wire: socket.socket | None = None
        self._pid = 0
        self._owner = 0

    def ask(self, event: Event, standing: Standing, timeout: float) -> Decision | None:
        """Return what the policy decides within *timeout* seconds.

        Raises:
            PolicyError: it raised, returned no decision, ended or hung.
            Interrupted: it is of no interest any more.
        """
        wire = self._wire if self._owner == os.getpid() else None
        if wire is None:
            wire = self._fork(timeout)
        question = pickle.dumps((event, standing))
        try:
            wire.sendall(len(question).to_bytes(4, "big") + question)
            line = self._hear(wire, timeout)
        except OSError as error:
            self.end()
            raise PolicyError(f"its process ended: {error.strerror}") from None
        said = _loaded(line)
        if "error" in said:
            raise PolicyError(str(said["error"]))
        tree = said.get("decision")
        try:
            return None if tree is None else frames.decision_of(tree)
        except frames.FrameError as error:
            raise PolicyError(str(error)) from None

    def end(self) -> None:
        """Kill its process and let go of it."""
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
        if self._pid and self._owner == os.getpid():
            _kill_all(self._pid)
            try:
                os.waitpid(self._pid, 0)
            except ChildProcessError:
                pass
        self._pid = 0

    def _fork(self, timeout: float) -> socket.socket:
        self._wire, theirs = socket.socketpair()
        self._wire.settimeout(timeout)
        self._owner = os.getpid()
        try:
            self._pid = os.fork()
        except OSError as error:
            theirs.close()
            self.end()
            raise PolicyError(f"no process for it: {error.strerror}") from None
        if self._pid == 0:
            _serve(theirs, self._policy)
        theirs.close()
        try:
            os.setpgid(self._pid, self._pid)  # the child does it too: who is first
        except OSError:
            pass
        # What is not yet imported is imported before a question's time runs.
        self._hear(self._wire, timeout + _LOADING_S)
        return self._wire

    def _hear(self, wire: socket.socket, timeout: float) -> bytes:
        until, found = time.monotonic() + timeout, b""
        poller = select.poll()
        poller.register(wire, select.POLLIN)
        while not found.endswith(b"\n"):
            left = until - time.monotonic()
            if left <= 0.0:
                self.end()
                raise PolicyError(f"no answer within {timeout:g} s", hung=True)
            if not poller.poll(min(left, _LOOK_S) * 1000.0):
                if self._stop():
                    self.end()
                    raise Interrupted
                continue
            piece = wire.recv(_PIECE)
            found += piece
            if not piece or len(found) > _LONGEST:
                self.end()
                raise PolicyError("its process ended" if not piece else "says too much")
        return found


def _loaded(line: bytes) -> dict[str, Any]:
    import json

    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        raise PolicyError("its process spoke nonsense") from None
    return said if isinstance(said, dict) else {}


def _serve(wire: socket.socket, policy: Policy) -> NoReturn:
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
        _kill_all(os.getpid())  # what it has started, and itself
        os._exit(0)  # nothing of the parent's is closed or flushed here


def _kill_all(pid: int) -> None:
    """Kill the child *pid*, not yet reaped, with all that it has started."""
    for kill in (os.killpg, os.kill):  # it may not lead its group yet
        try:
            kill(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            continue


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
