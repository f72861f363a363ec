"""The courier's loop: listen, look, leave when there is nothing to do.

It leaves when nothing has waited for ``IDLE_S``, or when the next thing is further
off than ``FAR_S``: the watcher starts it again. It leaves as well when its watcher was
killed and another one runs, and when its state folder was removed. TERM makes it
finish quickly; URG (which a process that does not know it ignores) makes it look at
the outbox now.
"""

from __future__ import annotations

import os
import select
import signal
import time

from agent2.courier import owner
from agent2.courier.desk import Desk
from agent2.courier.rounds import Rounds
from agent2.host.signal_pipe import SignalPipe
from agent2.store import outbox
from agent2.store.database import Database
from agent2.store.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

IDLE_S = 15.0
FAR_S = 60.0
_LOOK_S = 1.0  # how often the outbox is looked at without being woken
_LAST_WORDS_S = 2.0  # what TERM leaves to those that are sending
_STORE = "agent2.db"


class Courier:
    """One run from start to leaving."""

    def __init__(
        self, state_dir: str, lock: int, now: Callable[[], float], idle: float
    ) -> None:
        """Open the store and the plan; leave after *idle* seconds without work.

        *lock* is held: it says that we are the courier of *state_dir*.

        Raises:
            StoreError, PlanError, OSError: what is missing.
        """
        self._now = now
        self._idle = idle
        self._state_dir = state_dir
        self._lock = lock
        self._asked = False  # somebody wants us to leave
        self._woken = True
        self._signals = SignalPipe()
        signal.signal(signal.SIGURG, self._wake)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)
        path = os.path.join(state_dir, _STORE)
        self._db = Database.open(path, create=False)
        self._desk = Desk(self._db, state_dir, f"courier {os.getpid()}", now)
        self._rounds = Rounds(self._desk, state_dir, time.monotonic)
        self._desk.begin()

    def _wake(self, _number: int, _frame: object) -> None:
        self._woken = True

    def _ask(self, _number: int, _frame: object) -> None:
        self._asked = True

    def run(self) -> None:
        """Work until there is nothing to do, or somebody asks to leave."""
        idle_since = time.monotonic()
        looked = float("-inf")
        while not self._asked:
            mono = time.monotonic()
            if self._woken or self._desk.news or mono - looked >= _LOOK_S:
                self._woken, self._desk.news, looked = False, False, mono
                self._desk.settle()
                if owner.has_another(self._state_dir):
                    return  # it starts a courier of its own
                if owner.is_homeless(self._lock, self._state_dir):
                    return  # what we still sent, nobody could mark
                self._rounds.look()
            wait = self._next()
            if wait <= 0.0 and not self._rounds.busy:
                self._rounds.bury_unknown()
                if self._desk.news:
                    continue
            if self._rounds.busy or wait <= FAR_S or not self._desk.settle():
                idle_since = mono
            elif wait < float("inf") or mono - idle_since >= self._idle:
                return  # far off, or nothing at all for a while
            if 0.0 < wait < _LOOK_S:
                looked = min(looked, mono + wait - _LOOK_S)
            if not self._desk.news:
                self._listen(max(looked + _LOOK_S - time.monotonic(), 0.0))

    def _next(self) -> float:
        """Return after how many seconds something is due; infinity if nothing is."""
        try:
            due = outbox.next_due(self._db)
        except StoreError:
            return 0.0
        return float("inf") if due is None else due - self._now()

    def _listen(self, patience: float) -> None:
        """Wait up to *patience* seconds for a lane, a deadline or a signal."""
        lanes = {each.fileno(): each for each in self._rounds.lanes()}
        poller = select.poll()
        for number in (self._signals.fileno(), *lanes):
            poller.register(number, select.POLLIN)
        wait = min(patience, self._rounds.patience())
        for number, _bits in poller.poll(wait * 1000.0 + 1.0):
            if number in lanes:
                self._rounds.hear(lanes[number])
            else:
                self._signals.drain()
        self._rounds.late()

    def close(self) -> None:
        """Let those that are sending end, for a moment; then end everything."""
        until = time.monotonic() + _LAST_WORDS_S
        self._rounds.stop_taking()
        while self._rounds.busy and (left := until - time.monotonic()) > 0:
            self._listen(left)
        self._rounds.close()
        self._desk.settle()
        self._db.close()
        self._signals.close()
