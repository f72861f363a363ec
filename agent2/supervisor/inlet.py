"""The door of the inbox: whoever brings an event brings it here."""

from __future__ import annotations

import time

from agent2.core.event_ids import identified
from agent2.host.wake import wake_supervisor
from agent2.store import inbox
from agent2.store.errors import StoreError
from agent2.supervisor import phrases
from agent2.supervisor.effects import digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from agent2.core.events import Event
    from agent2.store.database import Database


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

    def push(self, events: Iterable[Event]) -> list[str]:
        """Put *events* in, all or none; return the ids of those that are new.

        An event without an id gets one made of its content, so that the same fact
        is one event by whichever way it comes.

        Raises:
            StoreError: they could not be written.
        """
        named = [identified(each, digest) for each in events]
        try:
            with self._db.transaction() as tx:
                new = inbox.add(tx, named, self._now())
        except StoreError as error:
            self._log("ERROR", phrases.NOT_INSERTED.format(why=error))
            raise
        left = list(new)
        for each in named:
            if each.id in left:
                left.remove(each.id)
                continue
            told = {"id": each.id, "subject": each.subject}
            self._log("WARNING", phrases.DUPLICATE.format(**told))
        if new:
            wake_supervisor(self._state_dir)
        return new
