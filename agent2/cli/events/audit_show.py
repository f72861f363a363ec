"""How one line of the audit is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent2.cli.records import moment
from agent2.wire.records import audit as audit_document

if TYPE_CHECKING:
    from agent2.store.audits import Audit

__all__ = ["audit_document", "audit_line", "why"]

_FIRST = ("decision_type", "reason", "who")


def audit_line(one: Audit) -> str:
    """Return one line for people: when, how grave, what, why."""
    why = [f"{name}={one.payload[name]}" for name in _FIRST if name in one.payload]
    if not why:
        why = [json.dumps(one.payload, ensure_ascii=False, default=str)]
    return f"{moment(one.at)}  {one.level:5}  {one.type}  {' '.join(why)}"


def why(one: Audit) -> object:
    """Return the reason of a decision, or what came of an action."""
    found = (one.payload.get(name) for name in ("result", "detail"))
    came = ": ".join(str(text) for text in found if text)
    return one.payload.get("reason") or came or None
