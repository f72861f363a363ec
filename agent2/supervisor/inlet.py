"""The door of the inbox: whoever brings an event brings it here."""

from __future__ import annotations

import time

from agent2.core.text import one_line
from agent2.host.wake import wake_supervisor
from agent2.store import inbox
from agent2.store.errors import StoreError
from agent2.supervisor import phrases
from agent2.wire.tokens import DUPLICATE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent2.core.events import Event
    from agent2.store.database import Database
    from agent2.store.inbox import Entry

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
