"""What the store knows: durations, actions, deliveries, events."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent2.core.message import Cause
from agent2.core.model import ActionResult, AlertKind
from agent2.core.spans import TOOK
from agent2.host.wake import NAME, SUPERVISOR, listens
from agent2.store import tallies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from agent2.metrics.family import Families
    from agent2.store.database import Database
    from agent2.store.tallies import Totals

_KINDS = frozenset(kind.value for kind in AlertKind)
_CAUSES = frozenset(cause.value for cause in Cause)
_RESULTS = frozenset(result.value for result in ActionResult)


def rely(to: Families, kind: str, target: str, code: str, many: float) -> None:
    """Put how often Agent2 asked something of others."""
    to("rely_server_request_total").put(many, kind, target, code)


def durations(to: Families, totals: Totals) -> None:
    """Put how long checks took, by kind."""
    found: dict[str, dict[str, float]] = {}
    for kind, bound, _, many in totals.get("took", ()):
        found.setdefault(kind, {})[bound] = many
    for kind, counts in sorted(found.items()):
        to("agent2_check_duration_seconds").spread(TOOK, counts, kind)
        to("rely_server_request_time_seconds").spread(TOOK, counts, kind)


def actions(to: Families, totals: Totals, known: Iterable[str]) -> None:
    """Put what came of actions for *known* targets."""
    names = frozenset(known)
    for target, kind, result, many in totals.get("action", ()):
        if target in names and result in _RESULTS:
            to("agent2_actions_total").put(many, target, kind, result)
            rely(to, f"action_{kind}", target, result, many)


def deliveries(
    to: Families, db: Database, totals: Totals, known: Iterable[str], now: float
) -> None:
    """Put how the outbox stands and what came of deliveries, by notifier."""
    waiting = tallies.waiting(db)
    names = sorted({*known, *waiting})
    for name in names:
        pending, oldest, dead = waiting.get(name, (0, None, 0))
        age = 0.0 if oldest is None else max(now - oldest, 0.0)
        to("agent2_outbox_pending").put(pending, name)
        to("agent2_outbox_oldest_seconds").put(round(age, 3), name)
        to("agent2_outbox_dead_letters").put(dead, name)
    ended: dict[tuple[str, str, str], float] = {}
    for name, kind, result, many in totals.get("delivery", ()):
        key = (name, kind if kind in _KINDS else "other", result)
        ended[key] = ended.get(key, 0.0) + many
    for (name, kind, result), many in sorted(ended.items()):
        if name in names:
            to("agent2_notifications_total").put(many, name, kind, result)
    for name, cause, _, many in totals.get("attempt", ()):
        if name in names and cause in _CAUSES:
            to("agent2_notification_attempts_failed_total").put(many, name, cause)
            rely(to, "notifier", name, cause, many)
    for name in names:
        done = sum(
            many
            for (who, _, how), many in ended.items()
            if who == name and how == "delivered"
        )
        if done:
            rely(to, "notifier", name, "delivered", done)


def events(to: Families, db: Database, totals: Totals, now: float) -> None:
    """Put how the inbox stands, under the names of the user's documents."""
    found = tallies.inbox(db, now)
    to("supervisor_inbox_pending").put(found.pending)
    to("supervisor_inbox_processing").put(found.processing)
    to("supervisor_inbox_failed").put(found.failed)
    to("supervisor_processing_lag_seconds").put(round(found.oldest_pending_s, 3))
    done = {status: many for status, _, _, many in totals.get("event", ())}
    to("supervisor_events_processed_total").put(done.get("completed", 0.0))
    to("supervisor_events_failed_total").put(done.get("failed", 0.0))
    folder = os.path.dirname(db.path)
    heard = sum(listens(folder, name) for name in (NAME, SUPERVISOR))
    to("agent2_event_subscribers").put(heard)


def size(to: Families, db: Database) -> None:
    """Put how large the store is."""
    for part, path in (("file", db.path), ("wal", f"{db.path}-wal")):
        try:
            to("agent2_db_bytes").put(os.stat(path).st_size, part)
        except OSError:
            continue  # no log is there: nothing was written since the last look
