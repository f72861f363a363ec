"""Processor and supervisor under the documents' names, for a process of one's own.

``agent2 start`` runs all of this by itself; both may work on one store at once.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from agent2.core.text import place
from agent2.plan.events import EventsPlan
from agent2.store.database import Database
from agent2.store.errors import StoreError
from agent2.supervisor import phrases
from agent2.supervisor.documents.inbox import log
from agent2.supervisor.processor import Processor

if TYPE_CHECKING:
    from agent2.supervisor.documents.policies import PolicyRouter

_PATIENCE_S = 5.0


class SupervisorProcessor:
    """Judges what waits in the inbox of the store at *db_path*."""

    def __init__(
        self,
        db_path: str | os.PathLike[str],
        policy_router: PolicyRouter | None = None,
        batch_size: int = 50,
    ) -> None:
        """Open the store; without a router the policies that are there judge.

        Raises:
            StoreError: it cannot be used.
        """
        self.db_path = db_path
        self.stopping = False
        self._db = Database.open(os.path.realpath(db_path))
        router = policy_router.router if policy_router is not None else None
        self._processor = Processor(
            self._db,
            router,
            log=log,
            plan=EventsPlan(batch_size=batch_size),
            stop=lambda: self.stopping,
        )

    def process_pending_events(self) -> int:
        """Judge one batch; return how many events it was."""
        return self._processor.process_pending_events()

    def close(self) -> None:
        """Let go of the store and of the policies' processes."""
        self._processor.close()
        self._db.close()


class SupervisorService:
    """Has *processor* look every *poll_interval* seconds, and when it is woken."""

    def __init__(
        self,
        db_path: str | os.PathLike[str],
        processor: SupervisorProcessor,
        poll_interval: float = 10,
    ) -> None:
        self.db_path = db_path
        self.processor = processor
        self.poll_interval = poll_interval
        self._called = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, in a thread of its own; a second call changes nothing."""
        if self._thread is not None and self._thread.is_alive():
            return
        self.processor.stopping = False
        self._thread = threading.Thread(
            target=self._run, name="agent2-supervisor", daemon=True
        )
        self._thread.start()
        log("INFO", phrases.STARTED)

    def stop(self) -> None:
        """End: the current event is finished, the rest of its batch stays pending."""
        self.processor.stopping = True
        self._called.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_PATIENCE_S)

    def wake(self, reason: str = "") -> None:
        """Look now."""
        log("DEBUG", f"woken: {reason}")
        self._called.set()

    def _run(self) -> None:
        try:
            while not self.processor.stopping:
                self._called.clear()
                while self._work() and not self.processor.stopping:
                    pass
                self._called.wait(self.poll_interval)
        finally:
            self.processor.close()

    def _work(self) -> int:
        try:
            return self.processor.process_pending_events()
        except StoreError as error:
            log("ERROR", str(error))
        except Exception as error:  # a thread that dies would judge nothing, silently
            log("ERROR", f"internal error: {place(error)}")
        return 0
