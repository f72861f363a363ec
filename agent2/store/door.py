"""The one door of the inbox: look at what is brought, name it, write it, count it.

Every program that takes events from others calls ``admit``. One that cannot come in is
given back with the reason and keeps nobody else out.
"""

from __future__ import annotations

from agent2.core.admission import refusal
from agent2.core.event_ids import identified
from agent2.core.value import value
from agent2.store import meta
from agent2.store.codec import dump_json
from agent2.store.events import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from agent2.core.events import Event
    from agent2.store.database import Database

_COUNT = "events/refused/"


@value
class Entry:
    """What became of the events that were brought, each list in their order.

    Attributes:
        new: Those that are in the inbox now; all have an id.
        known: Those whose id was there already; nothing was changed.
        refused: Those that cannot come in, and why, in words that name the field.
    """

    new: tuple[Event, ...] = ()
    known: tuple[Event, ...] = ()
    refused: tuple[tuple[Event, str], ...] = ()


def admit(db: Database, events: Iterable[Event], now: float) -> Entry:
    """Put *events* into the inbox, those that may come in; *now* is epoch seconds.

    An event without an id gets one made of its content, so that the same fact is one
    event by whichever way it comes.

    Raises:
        StoreError: nothing was written.
    """
    found = sifted(events)
    with db.transaction() as tx:
        return let_in(tx, found, now)


def sifted(events: Iterable[Event]) -> Entry:
    """Return *events* as new or refused; nothing is written yet. Never raises."""
    fit, refused = [], []
    for event in events:
        why = refusal(event)
        if why is None and (why := _unwritable(event)) is None:
            fit.append(identified(event, digest))
        else:
            refused.append((event, why))
    return Entry(new=tuple(fit), refused=tuple(refused))


def let_in(tx: sqlite3.Connection, found: Entry, now: float) -> Entry:
    """Write what ``sifted`` found in somebody's own transaction."""
    left = add(tx, found.new, now)
    new, known = [], []
    for event in found.new:
        if event.id in left:  # the second of two equal ones is known
            left.remove(event.id)
            new.append(event)
        else:
            known.append(event)
    for event, _ in found.refused:
        count(tx, event.source)
    return Entry(tuple(new), tuple(known), found.refused)


def count(tx: sqlite3.Connection, source: object, many: int = 1) -> None:
    """Count events of *source* that could not come in."""
    key = _COUNT + (source if isinstance(source, str) else "")[:64]
    row = tx.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    before = str(row[0]) if row else ""
    meta.put(tx, key, str((int(before) if before.isdecimal() else 0) + many))


def refused(db: Database) -> dict[str, int]:
    """Return how many events of each source could not come in, since ever."""
    sql = "SELECT key, value FROM meta WHERE key >= ? AND key < ? ORDER BY key"
    rows = db.rows(sql, (_COUNT, _COUNT[:-1] + "0"))
    found = ((str(key)[len(_COUNT) :], str(text)) for key, text in rows)
    return {name: int(text) for name, text in found if text.isdecimal()}


def digest(raw: bytes) -> str:
    """Return the digest that ids are made with."""
    from hashlib import sha256  # not at start: a watcher has this room and never asks

    return sha256(raw).hexdigest()


def _unwritable(event: Event) -> str | None:
    try:
        dump_json(event.payload)
    except Exception as error:  # what a program of our own process put in there
        return f"payload cannot be written as JSON: {type(error).__name__}"
    return None
