"""From an event to its decision: by the supervisor that runs, or else here.

Claims are exclusive, so it does no harm when both try.
"""

from __future__ import annotations

import time
from typing import Any

from agent2.cli.configuration.plans import obtain
from agent2.cli.settings import Settings
from agent2.host.wake import NAME, SUPERVISOR, listens, wake, warn
from agent2.store import audits, inbox
from agent2.store.database import Database
from agent2.store.inbox import Row
from agent2.wire.tokens import DUPLICATE

_DECIDED = ("completed", "failed")
_WAIT = 2.0  # seconds for a supervisor that was woken; it answers in milliseconds
_START = 0.7


def nudge(settings: Settings) -> float:
    """Say that there is something to decide; return how many seconds to wait for it."""
    if wake(settings.state_dir, "events", SUPERVISOR):
        return _WAIT
    # The watcher has to start a supervisor first, or has been told not to.
    return _START if wake(settings.state_dir, "events") else 0.0


def listeners(settings: Settings) -> int:
    """Return how many programs hear of a pushed event at once: 0 to 2.

    The watcher is one, and a supervisor while it runs; without any, what is pushed is
    found by the next look.
    """
    return sum(listens(settings.state_dir, name) for name in (NAME, SUPERVISOR))


def warn_known(settings: Settings, event_id: str, subject: str) -> None:
    """Have the log say that an event came in a second time."""
    warn(settings.state_dir, DUPLICATE.format(id=event_id, subject=subject))


def decided(
    settings: Settings, db: Database, event_id: str, wait: float = _WAIT
) -> Row | None:
    """Return the event once it is decided, or None if it is not in time.

    Raises:
        StoreError: the store cannot be read or written.
        Failure: nobody else decides, and the configuration is refused.
    """
    deadline = time.monotonic() + min(nudge(settings), wait)
    row = inbox.get(db, event_id)
    while time.monotonic() < deadline and not _is_decided(row):
        time.sleep(0.005)
        row = inbox.get(db, event_id)
    if not _is_decided(row):
        drain(settings, db)
        row = inbox.get(db, event_id)
    return row if _is_decided(row) else None


def _is_decided(row: Row | None) -> bool:
    return row is not None and row.status in _DECIDED


def drain(settings: Settings, db: Database, *, by_hand: bool = False) -> int:
    """Decide what waits, in this process; return how many events it was.

    With ``events.enabled: false`` only who asks for it *by_hand* gets decisions.

    Raises:
        StoreError: the store cannot be read or written.
        Failure: the configuration, which holds rules and redlines, is refused.
    """
    from agent2.host.logfile import LEVELS, LogFile
    from agent2.supervisor.processor import Processor

    plan = obtain(settings)
    if not (plan.events.enabled or by_hand):
        return 0
    log = LogFile(settings.path("supervisor.log"), name="supervisor")
    log.level = LEVELS.get(plan.log.level, log.level)
    processor = Processor(db, plan=plan.events, log=log)
    done = 0
    try:
        while count := processor.process_pending_events():
            done += count
    finally:
        processor.close()
        log.close()
    if done:
        wake(settings.state_dir, "gates")  # a policy may have set some
    return done


def decision(db: Database, event_id: str) -> dict[str, Any] | None:
    """Return what the audit says was decided of an event, or None."""
    for one in reversed(audits.of_event(db, event_id)):
        if "decision_type" in one.payload:
            return one.payload
    return None
