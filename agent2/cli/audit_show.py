"""How one line of the audit is shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from agent2.cli.records import moment
from agent2.wire.records import audit as audit_document

if TYPE_CHECKING:
    from agent2.store.audits import Audit

__all__ = ["audit_document", "audit_line"]

_FIRST = ("decision_type", "reason", "who")


def audit_line(one: Audit) -> str:
    """Return one line for people: when, how grave, what, why."""
    why = [f"{name}={one.payload[name]}" for name in _FIRST if name in one.payload]
    if not why:
        why = [json.dumps(one.payload, ensure_ascii=False, default=str)]
    return f"{moment(one.at)}  {one.level:5}  {one.type}  {' '.join(why)}"
