"""The supervisor's loop: hear, look, judge, leave when nothing is to be judged.

It is woken by a datagram at ``supervisor.sock`` and would find its work by looking at
the inbox all the same. One that nobody needs any more (not resident, nothing polled,
nothing due) leaves; the watcher starts it again. TERM: the current event is finished,
the rest of the batch stays pending.
"""

from __future__ import annotations

import os
import select
import signal
import time

from agent2.core.text import one_line
from agent2.host.complain import complain
from agent2.host.logfile import LEVELS, LogFile
from agent2.host.signal_pipe import SignalPipe
from agent2.host.wake import SUPERVISOR, WakeSocket, wake
from agent2.store.database import Database
from agent2.supervisor import phrases
from agent2.supervisor.rounds import Rounds

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.instance import Instance

IDLE_S = 15.0
FAR_S = 60.0
_STORE = "agent2.db"
_LOG = "supervisor.log"
_BYTES, _BACKUPS = 10 * 1024 * 1024, 10


class Supervisor:
    """One run from start to leaving."""

    def __init__(
        self,
        state_dir: str,
        now: Callable[[], float],
        idle: float,
        instance: Instance,
        *,
        ours: bool,
    ) -> None:
        """Open the store and the plan; leave after *idle* seconds without work.

        *ours*: a watcher started it, and it stays no longer than that one.

        Raises:
            StoreError, PlanError, OSError: what is missing.
        """
        self._state_dir = state_dir
        self._idle = idle
        self._instance = instance
        self._asked = False
        self._parent = os.getppid() if ours else 0
        self._socket: WakeSocket | None = None
        path = os.path.join(state_dir, _LOG)
        self._file = LogFile(path, name="supervisor")
        self._file.max_bytes, self._file.backups = _BYTES, _BACKUPS
        self._signals = SignalPipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGURG, lambda *_: None)
        signal.signal(signal.SIGHUP, lambda *_: self._file.reopen())
        self._db = Database.open(os.path.join(state_dir, _STORE))
        self._rounds = Rounds(
            self._db, state_dir, now, self.log, self._configure, lambda: self._asked
        )
        self._rounds.begin()

    def _ask(self, _number: int, _frame: object) -> None:
        self._asked = True

    def _configure(self, level: str) -> None:
        self._file.level = LEVELS.get(level, LEVELS["INFO"])

    def run(self) -> None:
        """Work until nothing is to be judged, or somebody asks to stop."""
        self._socket = WakeSocket(self._state_dir, SUPERVISOR)
        self.log("INFO", phrases.STARTED)
        self.log("INFO", phrases.SUBSCRIBED)
        self.log("INFO", phrases.SET_UP)
        idle_since = time.monotonic()
        while not self._asked:
            if self._rounds.work():
                idle_since = time.monotonic()
                continue
            wait = self._rounds.patience()
            quiet = time.monotonic() - idle_since
            stays = self._rounds.resident and not self._orphaned()
            if not stays and wait > FAR_S and quiet >= self._idle:
                if self._leave():
                    return
                continue
            if not stays:
                wait = min(wait, max(self._idle - quiet, 0.0) + 0.01)
            self._listen(wait)
            if self._instance.lost():
                return  # the state folder was removed, or another one took over
        self.log("INFO", phrases.STOPPING)

    def _orphaned(self) -> bool:
        return self._parent != 0 and os.getppid() != self._parent

    def _leave(self) -> bool:
        """Let the door go, then look once more: an event may have just come."""
        assert self._socket is not None
        self._socket.close()
        self._socket = None
        if not self._rounds.work():
            return True
        self._socket = WakeSocket(self._state_dir, SUPERVISOR)
        return False

    def _listen(self, patience: float) -> None:
        """Wait up to *patience* seconds for a datagram or a signal."""
        assert self._socket is not None
        poller = select.poll()
        poller.register(self._signals, select.POLLIN)
        poller.register(self._socket, select.POLLIN)
        for number, _bits in poller.poll(min(patience, FAR_S) * 1000.0):
            if number == self._signals.fileno():
                self._signals.drain()
            else:
                self._socket.messages()

    def log(self, level: str, text: str) -> None:
        """Write one line; what is wrong stands in the watcher's log as well."""
        line = one_line(" ".join(text.split()), 2000)
        self._file(level, line)
        if level not in {"DEBUG", "INFO"}:
            complain(f"{level} {line}")
            wake(self._state_dir, f"log {level} {line}")

    def close(self) -> None:
        """Let go of everything."""
        if self._socket is not None:
            self._socket.close()
        self._rounds.close()
        self._db.close()
        self._file.close()
        self._signals.close()
