"""From the journal and the outbox to the spans of an incident.

    incident (root, sent when it is resolved)
      incident opened     the partial root: sent at once, no length
      detection           first failed look -> opened
      decision            restart asked for, or withheld and why (no length)
        action            asked for -> carried out
        proof             asked for -> known whether it helped
      delivery            queued -> proved or given up; failed attempts as events

Each is sent once, when it is complete. Pure: the store is read elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable

from agent2.store.actions import ActionRow
from agent2.store.incidents import Incident
from agent2.store.journal import Entry
from agent2.store.outcomes import Outcome
from agent2.telemetry.shapes import Attributes, Event, Span
from agent2.wire.trace_ids import span_id, trace_id

ActionOf = Callable[[str], ActionRow | None]
IncidentOf = Callable[[str], Incident | None]


ENDED = frozenset({"delivered", "dead", "superseded"})
_BAD = frozenset({"failed", "unknown"})


def of_entry(
    entry: Entry, since: float | None, action_of: ActionOf, incident_of: IncidentOf
) -> list[Span]:
    """Return what *entry* completes; *since*: when its target began to fail."""
    if not entry.incident:
        return []
    match entry.kind:
        case "incident.opened":
            start = entry.at if since is None else min(since, entry.at)
            facts = _facts(entry, "severity", "facet", "code", "detail")
            return [
                _span(entry, "incident opened", ("opened",), facts | _PARTIAL),
                _span(entry, "detection", ("detection",), facts, start),
            ]
        case "incident.resolved":
            return [_root(entry, incident_of(entry.incident))]
        case "restart.requested":
            action = str(entry.body.get("action", ""))
            facts = _facts(entry, "attempt", "code", "detail", "action")
            facts["agent2.decision"] = "allow"
            return [_span(entry, "decision", ("decision", action), facts)]
        case "restart.withheld":
            facts = _facts(entry, "why", "ruling", "note")
            facts["agent2.decision"] = str(entry.body.get("ruling", "block"))
            return [_span(entry, "decision", ("decision", str(entry.seq)), facts)]
        case "action.done" | "action.proved":
            return [_deed(entry, action_of)]
        case _:
            return []


def of_outcome(found: Outcome) -> Span:
    """Return the span of a delivery that came to its end."""
    kind = found.id.removeprefix(f"{found.incident}/").partition("/")[0]
    end = found.finished_at if found.finished_at is not None else found.created_at
    told: list[Event] = []
    if found.failed_at is not None:
        failed: Attributes = {
            "agent2.cause": found.cause,
            "agent2.detail": found.detail,
        }
        told.append(Event("attempt failed", found.failed_at, failed))
    facts: Attributes = {
        "sid": found.incident,
        "agent2.notifier": found.notifier,
        "agent2.alert": kind,
        "agent2.state": found.state,
        "agent2.attempts": found.attempts,
    }
    told.append(Event(found.state, end, {"agent2.attempt": found.attempts}))
    return Span(
        trace_id(found.incident),
        span_id(found.incident, "delivery", found.id),
        span_id(found.incident),
        "delivery",
        found.created_at,
        max(end, found.created_at),
        facts,
        tuple(told),
        f"{found.cause} {found.detail}".strip() if found.state == "dead" else "",
    )


_PARTIAL: Attributes = {"agent2.partial": True}


def _root(entry: Entry, incident: Incident | None) -> Span:
    facts = _facts(entry)
    error, start = "down", entry.at
    if incident is not None:
        start = min(incident.opened_at, entry.at)
        error = f"{incident.code}: {incident.detail}".rstrip(": ")
        facts |= {
            "agent2.severity": incident.severity.value,
            "agent2.reason": incident.reason,
            "agent2.code": incident.code,
            "agent2.detail": incident.detail,
        }
    return Span(
        trace_id(entry.incident or ""),
        span_id(entry.incident or ""),
        0,
        "incident",
        start,
        entry.at,
        facts,
        (Event("resolved", entry.at),),
        error,
    )


def _deed(entry: Entry, action_of: ActionOf) -> Span:
    action = str(entry.body.get("action", ""))
    row = action_of(action)
    result = str(entry.body.get("result", ""))
    facts = _facts(entry, "action", "result", "detail")
    if row is not None:
        facts |= {"agent2.kind": row.kind, "agent2.attempt": row.attempt}
    start = entry.at if row is None else min(row.planned_at, entry.at)
    name = "action" if entry.kind == "action.done" else "proof"
    above = span_id(entry.incident or "", "decision", action)
    error = str(entry.body.get("detail", "")) or result if result in _BAD else ""
    return _span(entry, name, (name, action), facts, start, above, error)


def _span(
    entry: Entry,
    name: str,
    what: tuple[str, ...],
    facts: Attributes,
    start: float | None = None,
    parent: int = 0,
    error: str = "",
) -> Span:
    incident = entry.incident or ""
    return Span(
        trace_id(incident),
        span_id(incident, *what),
        parent or span_id(incident),
        name,
        entry.at if start is None else start,
        entry.at,
        facts,
        (),
        error,
    )


def _facts(entry: Entry, *keys: str) -> Attributes:
    """Return the attributes that all spans have, and those of the body at *keys*."""
    made: Attributes = {
        "sid": entry.incident or "",
        "agent2.target": entry.target or "",
    }
    for key in keys:
        found = entry.body.get(key)
        if isinstance(found, str | bool | int | float):
            made[f"agent2.{key}"] = found
    return made
