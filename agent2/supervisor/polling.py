"""Looks for events where other programs leave them: in a table, in a folder."""

from __future__ import annotations

import os

from agent2.core.event_ids import identified
from agent2.core.text import one_line
from agent2.host.files import read_linked
from agent2.store import inbox, polled
from agent2.store.errors import StoreError
from agent2.supervisor.effects import digest
from agent2.supervisor.reading import EventError, events_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.core.events import Event
    from agent2.plan_events import PollPlan
    from agent2.store.database import Database

SOURCE = "polling"
_AT_ONCE = 500  # rows or files of one look
_LARGEST = 1 << 20  # bytes of one file
_YOUNG_S = 5.0  # a file that is no JSON may still be written for so long


class Poller:
    """The configured places. Times are epoch seconds."""

    def __init__(
        self,
        db: Database,
        places: tuple[PollPlan, ...],
        now: Callable[[], float],
        log: Callable[[str, str], object],
    ) -> None:
        """Look at nothing yet."""
        self._db = db
        self._places = places
        self._now = now
        self._log = log
        self._said: dict[str, str] = {}

    def look(self) -> int:
        """Take what is new into the inbox; return how many events were.

        A place that cannot be read is said once, and tried again at the next look.

        Raises:
            StoreError: our own store cannot be written.
        """
        return sum(self._look(place) for place in self._places)

    def _look(self, place: PollPlan) -> int:
        take = self._table if place.kind == "table" else self._folder
        try:
            count = take(place)
        except StoreError as error:
            if str(error).startswith(self._db.path):
                raise
            self._say(place, str(error))
            return 0
        except OSError as error:
            self._say(place, f"{place.path}: {error.strerror}")
            return 0
        self._said.pop(place.name, None)
        return count

    def _say(self, place: PollPlan, why: str) -> None:
        if self._said.get(place.name) != why:
            self._said[place.name] = why
            self._log("ERROR", f"Failed to poll {place.name}: {why}")

    def _table(self, place: PollPlan) -> int:
        key = f"{SOURCE}:{place.name}"
        taken = 0
        while True:
            text = polled.checkpoint(self._db, key)
            position = int(text) if text.lstrip("-").isdigit() else -1
            found = polled.rows_after(
                place.path, place.table, place.columns, position, _AT_ONCE
            )
            if not found:
                return taken
            with self._db.transaction() as tx:
                now = self._now()
                events = [self._named(each) for _, each in found]
                taken += len(inbox.add(tx, events, now))
                polled.set_checkpoint(tx, key, str(found[-1][0]), now)
            if len(found) < _AT_ONCE:
                return taken

    def _folder(self, place: PollPlan) -> int:
        names = sorted(n for n in os.listdir(place.path) if n.endswith(".json"))
        taken = 0
        for name in names[:_AT_ONCE]:
            path = os.path.join(place.path, name)
            events = self._file(path)
            if events is None:
                continue
            with self._db.transaction() as tx:
                taken += len(inbox.add(tx, events, self._now()))
            os.unlink(path)  # a kill before this takes the same events, by their ids
        return taken

    def _file(self, path: str) -> list[Event] | None:
        """Return the events of one file; one that holds none is put aside."""
        try:
            content, facts = read_linked(path, _LARGEST)
        except FileNotFoundError:
            return None  # another one took it
        try:
            # Its own time, not that of the look: a second look makes the same ids.
            found = events_of(content, SOURCE, facts.st_mtime)
        except EventError as error:
            if 0.0 <= self._now() - facts.st_mtime < _YOUNG_S:
                return None
            os.replace(path, path + ".bad")
            why = one_line(str(error))
            self._log("ERROR", f"Failed to insert event: {path}: {why}")
            return None
        return [self._named(each) for each in found]

    def _named(self, event: Event) -> Event:
        return identified(event, digest)
