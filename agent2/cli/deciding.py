"""From an event to its decision: by the supervisor that runs, or else here.

Claims are exclusive, so it does no harm when both try.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent2.cli.plans import obtain
from agent2.core.event_ids import identified
from agent2.host.wake import wake
from agent2.store import audits, inbox

if TYPE_CHECKING:
    from agent2.cli.settings import Settings
    from agent2.core.events import Event
    from agent2.store.database import Database
    from agent2.store.inbox import Row

_DECIDED = ("completed", "failed")
_WAIT = 2.0  # seconds for a supervisor that was woken; it answers in milliseconds


def put(db: Database, event: Event) -> tuple[str, bool]:
    """Put *event* into the inbox; return its id and whether it is new."""
    event = identified(event, _digest)
    with db.transaction() as tx:
        new = inbox.add(tx, [event], time.time())
    return event.id, bool(new)


def _digest(content: bytes) -> str:
    import hashlib

    return hashlib.sha256(content).hexdigest()


def nudge(settings: Settings) -> bool:
    """Tell the agent that there is something to decide; is there one?"""
    return wake(settings.state_dir, "events")


def decided(
    settings: Settings, db: Database, event_id: str, wait: float = _WAIT
) -> Row | None:
    """Return the event once it is decided, or None if it is not in time.

    Raises:
        StoreError: the store cannot be read or written.
        Failure: nobody else decides, and the configuration is refused.
    """
    deadline = time.monotonic() + wait
    heard = nudge(settings)
    row = inbox.get(db, event_id)
    while heard and time.monotonic() < deadline and not _is_decided(row):
        time.sleep(0.005)
        row = inbox.get(db, event_id)
    if not _is_decided(row):
        drain(settings, db)
        row = inbox.get(db, event_id)
    return row if _is_decided(row) else None


def _is_decided(row: Row | None) -> bool:
    return row is not None and row.status in _DECIDED


def drain(settings: Settings, db: Database) -> int:
    """Decide what waits, in this process; return how many events it was.

    Raises:
        StoreError: the store cannot be read or written.
        Failure: the configuration, which holds rules and redlines, is refused.
    """
    from agent2.supervisor.processor import Processor

    processor = Processor(db, plan=obtain(settings).events)
    done = 0
    try:
        while count := processor.process_pending_events():
            done += count
    finally:
        processor.close()
    if done:
        wake(settings.state_dir, "gates")  # a policy may have set some
    return done


def decision(db: Database, event_id: str) -> dict[str, Any] | None:
    """Return what the audit says was decided of an event, or None."""
    for one in reversed(audits.of_event(db, event_id)):
        if "decision_type" in one.payload:
            return one.payload
    return None
