"""From an entry of the journal to a log record.

Each bears ``sid``: the incident's id, else one of its own, ``STORE-NUMBER``; and, in an
incident, the ids of its trace and of the span that it belongs to.
"""

from __future__ import annotations

import json

from agent2.store.journal import Entry
from agent2.telemetry.shapes import Attributes, Record
from agent2.wire.trace_ids import span_id, trace_id

_LONGEST = 10 * 1024  # characters of one text
_LEVELS = {
    "incident.opened": "ERROR",
    "restart.withheld": "WARN",
    "target.warned": "WARN",
}
_BAD = frozenset({"failed", "unknown"})


def of_entry(entry: Entry, store: str) -> Record:
    """Return *entry* as a record; *store* is the name of the store."""
    incident = entry.incident or ""
    detail = entry.body.get("detail") or entry.body.get("why") or ""
    words = (entry.kind, entry.target or "", str(detail))
    facts: Attributes = {
        "sid": incident or f"{store}-{entry.seq}",
        "agent2.seq": entry.seq,
        "agent2.target": entry.target or "",
    }
    for key, found in entry.body.items():
        facts[f"agent2.{key}"] = _plain(found)
    return Record(
        entry.at,
        _level(entry),
        entry.kind,
        " ".join(word for word in words if word)[:_LONGEST],
        facts,
        trace_id(incident) if incident else 0,
        _span_of(entry, incident) if incident else 0,
    )


def _level(entry: Entry) -> str:
    if entry.body.get("result") in _BAD:
        return "ERROR"
    return _LEVELS.get(entry.kind, "INFO")


def _span_of(entry: Entry, incident: str) -> int:
    action = str(entry.body.get("action", ""))
    match entry.kind:
        case "incident.opened":
            return span_id(incident, "opened")
        case "restart.requested":
            return span_id(incident, "decision", action)
        case "restart.withheld":
            return span_id(incident, "decision", str(entry.seq))
        case "action.done":
            return span_id(incident, "action", action)
        case "action.proved":
            return span_id(incident, "proof", action)
        case _:
            return span_id(incident)


def _plain(found: object) -> str | bool | int | float:
    if isinstance(found, bool | int | float):
        return found
    if found is None:
        return ""
    text = found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)
    return text[:_LONGEST]
