"""What jobs reported of themselves: one small fact a job, beside its events."""

from __future__ import annotations

import os

from agent2.core import heartbeat
from agent2.core.events import Event
from agent2.core.heartbeat import Beat
from agent2.store import door, meta
from agent2.store.codec import pack, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from agent2.store.database import Database
    from agent2.store.door import Entry

_KEY = "heartbeat/"


def event(job: str, said: str, payload: dict[str, Any], by: str, now: float) -> Event:
    """Return the event that says that *job* said one of ``heartbeat.SAID``."""
    unique = f"ping-{os.urandom(16).hex()}"
    return Event(unique, by, job, "JOB_PING", now, payload | {"state": said})


def report(db: Database, said: str, message: str, event: Event, now: float) -> Entry:
    """Remember what the job ``event.subject`` *said*, and let its *event* in.

    Both are in one commit: when this returns, the report outlives every kill.

    Raises:
        StoreError: nothing was written.
    """
    found = door.sifted([event])
    with db.transaction() as tx:
        known = _read(tx, event.subject) or Beat(since=now)
        _write(tx, event.subject, heartbeat.reported(known, said, message, now))
        return door.let_in(tx, found, now)


def of(db: Database, job: str) -> Beat | None:
    """Return what is remembered of *job*."""
    text = meta.get(db, _KEY + job)
    return None if text is None else unpack(Beat, text, {})


def expected(db: Database, job: str, now: float) -> Beat:
    """Return what is remembered of *job*, from *now* on if it is nothing yet."""
    known = of(db, job)
    if known is not None:
        return known
    with db.transaction() as tx:
        made = _read(tx, job) or Beat(since=now)
        _write(tx, job, made)
    return made


def _read(tx: sqlite3.Connection, job: str) -> Beat | None:
    row = tx.execute("SELECT value FROM meta WHERE key = ?", (_KEY + job,)).fetchone()
    return None if row is None else unpack(Beat, str(row[0]), {})


def _write(tx: sqlite3.Connection, job: str, beat: Beat) -> None:
    meta.put(tx, _KEY + job, pack(beat))
