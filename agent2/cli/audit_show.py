"""How one line of the audit is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from agent2.cli.records import moment

if TYPE_CHECKING:
    from agent2.store.audits import Audit

_FIRST = ("decision_type", "reason", "who")


def audit_document(one: Audit) -> dict[str, Any]:
    """Return one line as its JSON, under the names of the runbook's columns."""
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


def audit_line(one: Audit) -> str:
    """Return one line for people: when, how grave, what, why."""
    why = [f"{name}={one.payload[name]}" for name in _FIRST if name in one.payload]
    if not why:
        why = [json.dumps(one.payload, ensure_ascii=False, default=str)]
    return f"{moment(one.at)}  {one.level:5}  {one.type}  {' '.join(why)}"
