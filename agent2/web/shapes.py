"""The shapes of what is sent and answered, as JSON Schema (2020-12)."""

from __future__ import annotations

from typing import Any

Shape = dict[str, Any]
TEXT: Shape = {"type": "string"}
WHOLE: Shape = {"type": "integer"}
NUMBER: Shape = {"type": "number"}
TRUTH: Shape = {"type": "boolean"}
OBJECT: Shape = {"type": "object"}
TIME: Shape = {"type": "string", "format": "date-time"}


def maybe(shape: Shape) -> Shape:
    """Return *shape*, or null."""
    return {"anyOf": [shape, {"type": "null"}]}


def words(*known: str) -> Shape:
    """Return one of the words *known*."""
    return {"type": "string", "enum": list(known)}


def objects(**fields: Shape) -> Shape:
    """Return an object that has all *fields*, and perhaps more later."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def lists(shape: Shape) -> Shape:
    """Return a list of *shape*."""
    return {"type": "array", "items": shape}


def paged(name: str, shape: Shape) -> Shape:
    """Return a page of a list: ``next`` is the cursor of the page after it, or null."""
    return objects(**{name: lists(shape), "next": maybe(TEXT)})


INCIDENT = objects(
    id=TEXT,
    target=TEXT,
    severity=TEXT,
    opened_at=TIME,
    resolved_at=maybe(TIME),
    duration_s=NUMBER,
    reason=TEXT,
    code=TEXT,
    detail=TEXT,
    acked=maybe(objects(at=TIME, who=TEXT, why=TEXT)),
    alerts=objects(total=WHOLE, delivered=WHOLE, pending=WHOLE, dead=WHOLE),
)
GATE = objects(
    task_id=TEXT, gate_name=TEXT, state=TEXT, reason=TEXT, who=TEXT, created_at=TIME
)
DELIVERY = objects(
    id=TEXT,
    notifier=TEXT,
    state=TEXT,
    attempts=WHOLE,
    created_at=TIME,
    next_at=maybe(TIME),
    cause=maybe(TEXT),
    detail=TEXT,
    incident=TEXT,
    target=TEXT,
    kind=TEXT,
    subject=TEXT,
)
AUDIT = objects(
    audit_id=WHOLE,
    task_id=TEXT,
    level=TEXT,
    event_type=TEXT,
    created_at=TIME,
    event_id=maybe(TEXT),
    decision_id=maybe(TEXT),
    payload=OBJECT,
)
NOTIFIER = objects(
    pending=WHOLE,
    oldest_pending_s=maybe(NUMBER),
    dead=WHOLE,
    delivered=WHOLE,
    last_success=maybe(TIME),
    last_error=maybe(TEXT),
)
TARGET = objects(
    name=TEXT,
    state=words("ok", "warn", "down", "unknown"),
    health=TEXT,
    degraded=TRUTH,
    since=maybe(TIME),
    consecutive_failures=WHOLE,
    last_check=maybe(TIME),
    interval_s=NUMBER,
    checks=lists(OBJECT),
    restarts=OBJECT,
    incident=maybe(TEXT),
    paused=TRUTH,
    silenced=maybe(OBJECT),
    labels=OBJECT,
)
STATE = objects(
    status=TEXT,
    last_check=maybe(TIME),
    health_status=words("ok", "warn", "down", "unknown"),
    consecutive_failures=WHOLE,
    fixes=lists(OBJECT),
    seq=WHOLE,
    targets=lists(TARGET),
    fresh=TRUTH,
    journal=objects(store=TEXT, seq=WHOLE),
)
CHECK = objects(
    target=TEXT,
    checked_at=maybe(TIME),
    name=TEXT,
    kind=TEXT,
    outcome=words("ok", "fail", "error"),
    code=TEXT,
    detail=TEXT,
    duration_s=NUMBER,
)
POINT = objects(
    at=TIME,
    verdict=words("good", "degraded", "bad", "unknown"),
    code=TEXT,
    response_s=maybe(NUMBER),
)
SILENCE = objects(
    id=TEXT,
    match={"type": "object", "additionalProperties": TEXT},
    starts_at=TIME,
    until=TIME,
    who=TEXT,
    why=TEXT,
    state=words("waiting", "active", "over"),
    at=TIME,
    ended_at=maybe(TIME),
    ended_by=TEXT,
)
ASKED = objects(
    id=TEXT,
    verb=words("check", "restart", "close"),
    subject=TEXT,
    who=TEXT,
    why=TEXT,
    force=TRUTH,
    at=TIME,
    state=words("waiting", "done", "refused"),
    answer=TEXT,
    note=TEXT,
    done_at=maybe(TIME),
)
EVENT = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "type": TEXT,
        "subject": TEXT,
        "at": {"anyOf": [TEXT, NUMBER]},
        "payload": OBJECT,
    },
    "required": ["type", "subject"],
    "additionalProperties": False,
}
ORDER = {
    "type": "object",
    "properties": {
        "verb": words("pause", "approve", "reject"),
        **dict.fromkeys(("target", "gate", "reason", "who"), TEXT),
    },
    "required": ["verb", "target"],
    "additionalProperties": False,
}
