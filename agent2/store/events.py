"""Events as rows of ``supervisor_inbox``: how they go in, how they are read."""

from __future__ import annotations

from agent2.core.events import Event
from agent2.store import utc
from agent2.store.codec import count, dump_json, load_object, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from typing import Any

EVENT = "event_id, source, task_id, event_type, ts, received_at, payload, retry_count"
# No lease or back-off is longer than a day: a time further ahead was written before
# the clock was set back, and counts as past.
ABSURD_S = 86_400.0
# Spelled as in the partial indexes, else SQLite does not use them.
OPEN = "(status IN ('pending', 'processing') OR next_at IS NOT NULL)"
DUE = """(status = 'processing' AND (lease_until <= :now OR lease_until > :absurd)
        OR status IN ('pending', 'failed')
        AND (next_at IS NULL OR next_at <= :now OR next_at > :absurd))"""


def add(
    tx: sqlite3.Connection,
    events: Iterable[Event],
    now: float,
    status: str = "pending",
) -> list[str]:
    """Put *events* in and return the ids of those that are new, in order.

    An id that is known is left as it is. With the *status* ``completed`` an event is
    written down that was decided by who brings it.
    """
    received = utc.text(now)
    done = received if status == "completed" else None
    new = []
    for event in events:
        row = (
            plain(event.id),
            plain(event.subject),
            plain(event.type),
            plain(event.source),
            dump_json(event.payload),
            utc.text(event.at),
            received,
            status,
            done,
        )
        inserted = tx.execute(
            "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source,"
            " payload, ts, received_at, status, processed_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (event_id) DO NOTHING",
            row,
        )
        if inserted.rowcount == 1:
            new.append(event.id)
    return new


def event_of(row: tuple[Any, ...]) -> Event:
    """Return the event of a row of ``EVENT``. Never raises."""
    made_id, source, subject, kind, ts, received, payload, retries = row
    return Event(
        id=str(made_id),
        source=str(source),
        subject=str(subject),
        type=str(kind),
        at=utc.seconds(ts) or utc.seconds(received) or 0.0,
        payload=load_object(payload),
        retries=count(retries),
    )
