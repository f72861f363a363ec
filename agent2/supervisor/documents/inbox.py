"""The inbox under the documents' names."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from agent2.core.events import Event
from agent2.core.text import one_line
from agent2.host.wake import wake_supervisor
from agent2.store import inbox
from agent2.store.database import Database
from agent2.store.errors import StoreError
from agent2.store.inbox import Entry
from agent2.supervisor import phrases
from agent2.supervisor.documents.models import SupervisorEvent, ours
from agent2.supervisor.metrics import get_backlog_metrics
from agent2.wire.tokens import DUPLICATE

LOGGER = "agent2.core.supervisor"
_DAY_S = 86_400.0


def log(level: str, text: str) -> None:
    """Write one line to the logger that the documents name."""
    logging.getLogger(LOGGER).log(getattr(logging, level), "%s", text)


@contextmanager
def opened(db_path: str | os.PathLike[str]) -> Iterator[Database]:
    """Open the store at *db_path* for the length of a ``with``; it may be made.

    Raises:
        StoreError: it cannot be used; the text says what to do.
    """
    db = Database.open(os.path.realpath(db_path))
    try:
        yield db
    finally:
        db.close()


def push(db_path: str | os.PathLike[str], event: Event) -> bool:
    """Put *event* into the inbox at *db_path*; is it new?

    Raises:
        StoreError: it could not be written.
        ValueError: it cannot come in; the text says why.
    """
    folder = os.path.dirname(os.path.abspath(os.fspath(db_path)))
    with opened(db_path) as db:
        found = Inlet(db, folder, log).push((event,))
    for _, why in found.refused:
        raise ValueError(why)
    return bool(found.new)


class InboxManager:
    """The inbox of the store at *db_path*."""

    def __init__(self, db_path: str | os.PathLike[str]) -> None:
        self.db_path = db_path

    def insert_event(self, event: SupervisorEvent) -> bool:
        """Put *event* in; False: it was there already.

        Raises:
            StoreError: it could not be written.
            ValueError: it cannot come in; the text says why.
        """
        return push(self.db_path, ours(event))

    def get_pending_count(self) -> int:
        """Return how many events wait."""
        return int(self.get_backlog_metrics()["pending_count"])

    def get_backlog_metrics(self) -> dict[str, Any]:
        """Return the numbers of the inbox and the age of the oldest waiting event."""
        with opened(self.db_path) as db:
            return get_backlog_metrics(db, time.time())

    def cleanup_old_events(self, days: float = 7) -> int:
        """Delete decided events that came more than *days* ago; return how many."""
        before, done = time.time() - days * _DAY_S, 0
        with opened(self.db_path) as db:
            while True:
                with db.transaction() as tx:
                    gone = inbox.prune(tx, before)
                if not gone:
                    return done
                done += gone


_LINE = 500


class Inlet:
    """Puts events into the inbox and wakes who judges them."""

    def __init__(
        self,
        db: Database,
        state_dir: str,
        log: Callable[[str, str], object],
        now: Callable[[], float] = time.time,
    ) -> None:
        """*now* gives epoch seconds."""
        self._db = db
        self._state_dir = state_dir
        self._log = log
        self._now = now

    def push(self, events: Iterable[Event]) -> Entry:
        """Put in those of *events* that may come in; return what became of each.

        Raises:
            StoreError: they could not be written.
        """
        try:
            found = inbox.admit(self._db, events, self._now())
        except StoreError as error:
            self._log("ERROR", phrases.NOT_INSERTED.format(why=error))
            raise
        for each, why in found.refused:
            told = phrases.NOT_INSERTED.format(why=f"{why} (task={each.subject})")
            self._log("ERROR", one_line(told, _LINE))
        for each in found.known:
            told = DUPLICATE.format(id=each.id, subject=each.subject)
            self._log("WARNING", told)
        if found.new:
            wake_supervisor(self._state_dir)
        return found
