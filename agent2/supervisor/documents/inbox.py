"""The inbox under the documents' names."""

from __future__ import annotations

import logging
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent2.store import inbox
from agent2.store.database import Database
from agent2.supervisor.documents.models import ours
from agent2.supervisor.inlet import Inlet
from agent2.supervisor.metrics import get_backlog_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.core.events import Event
    from agent2.supervisor.documents.models import SupervisorEvent

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
        """Open nothing yet."""
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
