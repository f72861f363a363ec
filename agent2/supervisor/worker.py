"""A policy that is not ours runs in a process of its own, which can be ended.

It is forked when it is first asked, so what it has loaded stays warm; it holds nothing
of the store; it is killed when it does not answer in time, and forked anew. What runs
in it: ``thinker``.
"""

from __future__ import annotations

import os
import pickle
import select
import socket
import time

from agent2.core.text import one_line
from agent2.supervisor import frames, thinker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent2.core.events import Event
    from agent2.core.policies import Decision
    from agent2.core.standing import Standing
    from agent2.supervisor.thinker import Policy

_PIECE = 65536
_LONGEST = 1 << 20  # bytes of one answer
_LOOK_S = 0.2  # how often it is asked whether to stop
_LOADING_S = 30.0  # what the first answer may take longer: it imports


class PolicyError(Exception):
    """A policy gave no decision.

    *hung*: it was ended, because it took too long; *tried*: it was asked at all.
    """

    def __init__(self, text: str, *, hung: bool = False, tried: bool = True) -> None:
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
            thinker.end(self._pid)
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
            thinker.serve(theirs, self._policy)
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
