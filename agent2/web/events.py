"""An entry of the journal as a server-sent event, and how its id is read.

``id: <store id>.<seq>``: it names a row of one store for ever, whoever serves it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent2.store import journal
from agent2.web.replies import body_of
from agent2.wire.records import moment

if TYPE_CHECKING:
    from agent2.store.database import Database
    from agent2.store.journal import Entry

BATCH = 200
MOST_REPLAYED = 1000
_ID = re.compile(r"([0-9a-f]{1,64})\.([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Place:
    """A row of the journal of one store; *seq* 0 is before the first."""

    store: str
    seq: int

    def __str__(self) -> str:
        """Return it as an event's id."""
        return f"{self.store}.{self.seq}"


def place_of(text: str) -> Place | None:
    """Return the place that an id names; None: it is none."""
    found = _ID.fullmatch(text.strip())
    return None if found is None else Place(found[1], int(found[2]))


def encoded(entry: Entry, store: str) -> bytes:
    """Return one entry as an event."""
    return framed(Place(store, entry.seq), document(entry))


def document(entry: Entry) -> dict[str, Any]:
    """Return one entry as the JSON of its event."""
    return {
        "seq": entry.seq,
        "at": moment(entry.at),
        "kind": entry.kind,
        "target": entry.target,
        "incident": entry.incident,
        "body": entry.body,
    }


def framed(place: Place, tree: Any, event: str = "") -> bytes:
    """Return *tree* as an event; JSON has no line ends, so it is one line of data."""
    head = f"id: {place}\n" + (f"event: {event}\n" if event else "")
    return head.encode() + b"data: " + body_of(tree) + b"\n\n"


def can_replay(db: Database, after: Place | None, till: Place) -> bool:
    """Is every entry between the two places still there, and are they not too many?

    Raises:
        StoreError: the store cannot be read.
    """
    if after is None or after.store != till.store or after.seq > till.seq:
        return False
    if after.seq == till.seq:
        return True
    if till.seq - after.seq > MOST_REPLAYED:
        return False
    first = journal.read(db, after.seq, 1)
    return bool(first) and first[0].seq == after.seq + 1
