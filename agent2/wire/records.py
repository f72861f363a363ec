"""Rows of the store as their JSON: the same words on the command line and in the API.

Times are RFC 3339 with offset; the names of the runbook's columns stay what they are.
"""

from __future__ import annotations

from agent2.core import levels
from agent2.core.message import DeliveryState
from agent2.core.silences import is_active, is_over
from agent2.host.clock import stamp
from agent2.wire.status import acked_entry, fix_entry, silence_entry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from agent2.core.events import Gate
    from agent2.core.message import Delivery
    from agent2.core.silences import Silence
    from agent2.store.actions import ActionRow
    from agent2.store.audits import Audit
    from agent2.store.history import Point
    from agent2.store.inbox_view import Backlog, Row
    from agent2.store.incidents import Incident
    from agent2.store.journal import Entry
    from agent2.store.orders import Order
    from agent2.store.outbox_view import NotifierCount


def moment(at: float | None) -> str | None:
    """Return epoch seconds as RFC 3339 with offset."""
    return None if at is None else stamp(at)


def length(one: Incident, now: float) -> float:
    """Return how many seconds an incident took, up to *now* while it is open."""
    return (one.resolved_at or now) - one.opened_at


def incident(one: Incident, now: float) -> dict[str, Any]:
    """Return one incident as its JSON."""
    return {
        "id": one.id,
        "target": one.target,
        "severity": one.severity.value,
        "opened_at": moment(one.opened_at),
        "resolved_at": moment(one.resolved_at),
        "duration_s": round(length(one, now), 3),
        "reason": one.reason,
        "code": one.code,
        "detail": one.detail,
        "acked": acked_entry(one),
        "alerts": {
            "total": one.alerts,
            "delivered": one.delivered,
            "pending": one.pending,
            "dead": one.dead,
        },
    }


def whole(
    one: Incident,
    now: float,
    entries: Iterable[Entry],
    fixes: Iterable[ActionRow],
    told: Iterable[Delivery],
) -> dict[str, Any]:
    """Return one incident with all that belongs to it as its JSON."""
    return incident(one, now) | {
        "events": [_happening(entry) for entry in entries],
        "fixes": [fix_entry(row, stamp) for row in fixes],
        "deliveries": [_telling(row) for row in told],
    }


def _happening(entry: Entry) -> dict[str, Any]:
    return {
        "at": moment(entry.at),
        "kind": entry.kind,
        "target": entry.target,
        "body": entry.body,
    }


def _telling(row: Delivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "notifier": row.notifier,
        "kind": row.alert.kind.value,
        "state": row.state.value,
        "attempts": row.attempts,
        "cause": row.cause.value if row.cause else None,
        "detail": row.detail,
        "receipt": row.receipt,
    }


def delivery(one: Delivery) -> dict[str, Any]:
    """Return one delivery as its JSON; the alert's words, no secret."""
    return {
        "id": one.id,
        "notifier": one.notifier,
        "state": one.state.value,
        "attempts": one.attempts,
        "created_at": moment(one.created_at),
        "next_at": moment(one.next_at) if one.state is DeliveryState.PENDING else None,
        "cause": one.cause.value if one.cause else None,
        "detail": one.detail,
        "incident": one.alert.incident,
        "target": one.alert.target,
        "kind": one.alert.kind.value,
        "subject": one.alert.subject,
    }


def notifier(one: NotifierCount, now: float) -> dict[str, Any]:
    """Return how a notifier stands, as its JSON."""
    oldest, error = one.oldest_pending_at, one.last_error
    return {
        "pending": one.pending,
        "oldest_pending_s": None if oldest is None else round(now - oldest, 1),
        "dead": one.dead,
        "delivered": one.delivered,
        "last_success": moment(one.last_success_at),
        "last_error": None if error is None else f"{error[0].value}: {error[1]}",
    }


def event(row: Row) -> dict[str, Any]:
    """Return one event as its JSON."""
    one = row.event
    return {
        "event_id": one.id,
        "task_id": one.subject,
        "event_type": one.type,
        "source": one.source,
        "ts": moment(one.at),
        "received_at": moment(row.received_at),
        "status": row.status,
        "retry_count": one.retries,
        "error_message": row.error or None,
        "processed_at": moment(row.processed_at),
        "next_at": moment(row.next_at),
        "payload": one.payload,
    }


def audit(one: Audit) -> dict[str, Any]:
    """Return one line of the audit as its JSON."""
    return {
        "audit_id": one.id,
        "task_id": one.subject,
        "level": one.level,
        "event_type": one.type,
        "created_at": moment(one.at),
        "event_id": one.event_id,
        "decision_id": one.decision_id,
        "payload": one.payload,
    }


def gate(one: Gate) -> dict[str, Any]:
    """Return one gate as its JSON."""
    return {
        "task_id": one.subject,
        "gate_name": one.name,
        "state": one.state,
        "reason": one.reason,
        "who": one.who,
        "created_at": moment(one.at),
    }


def silence(one: Silence, now: float) -> dict[str, Any]:
    """Return one silence as its JSON; *now* is wall time."""
    over, active = is_over(one, now), is_active(one, now)
    return silence_entry(one, stamp) | {
        "state": "over" if over else "active" if active else "waiting",
        "at": moment(one.at),
        "ended_at": moment(one.ended_at),
        "ended_by": one.ended_by,
    }


def order(one: Order) -> dict[str, Any]:
    """Return one order of a person to the watcher, and what came of it, as its JSON."""
    return {
        "id": one.id,
        "verb": one.verb,
        "subject": one.subject,
        "who": one.who,
        "why": one.why,
        "force": one.force,
        "at": moment(one.at),
        "state": one.state,
        "answer": one.answer,
        "note": one.note,
        "done_at": moment(one.done_at),
    }


def backlog(counted: Backlog) -> dict[str, Any]:
    """Return backlog, lag and share of failures with their levels, as JSON."""
    states = (counted.pending, counted.processing, counted.failed, counted.completed)
    share = levels.failed_share(counted.failed, sum(states))
    age = counted.oldest_pending_s
    return {
        "pending_count": counted.pending,
        "processing_count": counted.processing,
        "failed_count": counted.failed,
        "completed_count": counted.completed,
        "oldest_pending_age_seconds": None if age is None else round(age, 3),
        "failed_rate": share,
        "levels": {
            "backlog": levels.backlog_level(counted.pending).value,
            "lag": levels.lag_level(age).value,
            "failed": levels.failed_level(share).value,
        },
    }


def point(one: Point) -> dict[str, Any]:
    """Return one point of a target's history as its JSON."""
    spent = one.response_s
    return {
        "at": moment(one.at),
        "verdict": one.verdict,
        "code": one.code,
        "response_s": None if spent is None else round(spent, 6),
    }
