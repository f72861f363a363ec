"""Looks for events where other programs leave them: in a table, in a folder."""

from __future__ import annotations

import os

from agent2.core.text import one_line
from agent2.host.files import read_linked
from agent2.store import door, polled
from agent2.store.errors import StoreError
from agent2.store.event_json import EventError, events_of
from agent2.supervisor import phrases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.core.events import Event
    from agent2.plan.events import PollPlan
    from agent2.store.database import Database
    from agent2.store.inbox import Entry

SOURCE = "polling"
_AT_ONCE = 500  # rows or files of one look
_LARGEST = 1 << 20  # bytes of one file
_ROUNDS = 20  # of one look at a table: who is to stop is not kept from it
_SAID = 10  # lines about one file or one part of a table
_LINE = 500
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
        self._db = db
        self._places = places
        self._now = now
        self._log = log
        self._said: dict[str, str] = {}
        self._odd: dict[str, str] = {}

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
        for _ in range(_ROUNDS):
            text = polled.checkpoint(self._db, key)
            position = int(text) if text.lstrip("-").isdecimal() else -1
            rows = polled.rows_after(
                place.path, place.table, place.columns, position, _AT_ONCE
            )
            if not rows:
                break
            found = door.sifted(event for _, event, flaw in rows if not flaw)
            flaws = [f"row {at}: {flaw}" for at, _, flaw in rows if flaw]
            with self._db.transaction() as tx:
                now = self._now()
                taken += len(door.let_in(tx, found, now).new)
                if flaws:
                    door.count(tx, SOURCE, len(flaws))
                polled.set_checkpoint(tx, key, str(rows[-1][0]), now)
            self._refused(place.path, [*flaws, *_flaws(found)])
        return taken

    def _folder(self, place: PollPlan) -> int:
        names = sorted(n for n in os.listdir(place.path) if n.endswith(".json"))
        there = {os.path.join(place.path, name): None for name in names}
        taken = files = 0
        for path in there:
            try:
                many = self._file(path)
            except OSError as error:  # it stays, and the others behind it go in
                self._odd_file(path, error.strerror or type(error).__name__)
                continue
            taken += many or 0
            files += many is not None
            if files == _AT_ONCE:
                break
        self._odd = {path: why for path, why in self._odd.items() if path in there}
        return taken

    def _file(self, path: str) -> int | None:
        """Take the events of one file; put one aside that holds what is none.

        Returns how many were new; None: it is left for later.

        Raises:
            OSError: it cannot be read, or not be taken away.
        """
        try:
            content, facts = read_linked(path, _LARGEST)
        except FileNotFoundError:
            return None  # another one took it
        events: list[Event] = []
        try:
            if facts.st_size > _LARGEST:
                raise EventError(f"larger than {_LARGEST} bytes")
            # Its own time, not that of the look: a second look makes the same ids.
            events, flaws = events_of(content, SOURCE, facts.st_mtime)
        except EventError as error:
            if 0.0 <= self._now() - facts.st_mtime < _YOUNG_S:
                return None
            flaws = [str(error)]
        found = door.sifted(events)
        with self._db.transaction() as tx:
            new = door.let_in(tx, found, self._now()).new
            if flaws:
                door.count(tx, SOURCE, len(flaws))
        flaws += _flaws(found)
        # A kill before this takes the same events, by their ids.
        if flaws:
            self._refused(path, flaws)
            os.replace(path, path + ".bad")
        else:
            os.unlink(path)
        return len(new)

    def _refused(self, path: str, flaws: list[str]) -> None:
        """Say what could not come in, a few of many."""
        for why in flaws[:_SAID]:
            told = phrases.NOT_INSERTED.format(why=f"{path}: {why}")
            self._log("ERROR", one_line(told, _LINE))
        if flaws[_SAID:]:
            told = f"{path}: and {len(flaws) - _SAID} more"
            self._log("ERROR", phrases.NOT_INSERTED.format(why=told))

    def _odd_file(self, path: str, why: str) -> None:
        if self._odd.get(path) != why:
            self._odd[path] = why
            if len(self._odd) <= _SAID:
                self._refused(path, [why])


def _flaws(found: Entry) -> list[str]:
    return [f"{why} (task={event.subject})" for event, why in found.refused]
