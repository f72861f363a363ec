"""Records of the JSON log: a cycle that is not calm, an incident's begin or end.

The field names are those of the user's documents: a ``node`` is one check, a workflow
one cycle or one incident; ``sid`` is the same in all records of one incident, so that
one search gives the whole chain. Times are RFC 3339 with offset, ``duration`` is
milliseconds.
"""

from __future__ import annotations

import json

from agent2.core.effects import OpenIncident, ResolveIncident
from agent2.core.model import Outcome
from agent2.core.value import as_dict
from agent2.wire.trace_ids import ids

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from agent2.core.effects import Effect, Step
    from agent2.core.model import Judgement, Observation, TargetState

    Stamp = Callable[[float], str]

MOST = 10 * 1024  # bytes of one line
_LEVELS = {Outcome.OK: "INFO", Outcome.FAIL: "ERROR", Outcome.ERROR: "WARNING"}
EXCERPT = 300  # characters of a text that was asked or answered
# The stations of a look, in the order in which it comes to them.
CHAIN = ("due", "claimed", "started", "done", "stored")
_SHOWN = 40  # checks that are named where not all of it fits


def cycle(
    target: str,
    seen: Iterable[Observation],
    judgement: Judgement,
    old: TargetState,
    step: Step,
    now: float,
    stamp: Stamp,
    config: str,
    asked: Mapping[str, Any],
    times: tuple[float, float, float],
) -> dict[str, Any]:
    """Return the record of one cycle that ended *now*; *old* was believed before it.

    *config* tells the target's configuration from others, *asked* what each check asks,
    *times* when it was due, taken up, and stored; the checks themselves say the rest.
    """
    state = step.state
    incident = state.incident or old.incident or state.warning or old.warning
    name = f"{target}#{now:.3f}"
    sid = incident or name
    nodes = [_node(one, name, sid, stamp, asked.get(one.check)) for one in seen]
    begun = min((one.at - one.duration_s for one in seen), default=now)
    chain = (*times[:2], begun, now, times[2])
    return {
        "type": "cycle",
        "sid": sid,
        **ids(sid),
        "cycle_id": name,
        "incident_id": incident,
        "target": target,
        "config": config,
        "start_time": stamp(begun),
        "end_time": stamp(now),
        "duration": _ms(now - begun),
        "chain": dict(zip(CHAIN, map(stamp, chain), strict=True)),
        "verdict": judgement.verdict.value,
        "code": judgement.code.value,
        "detail": judgement.detail,
        "health": state.health.value,
        "consecutive_failures": state.failures,
        "node_logs": nodes,
        "logs": [_line(each, stamp) for each in step.effects],
    }


def incidents(
    target: str, old: TargetState, step: Step, stamp: Stamp
) -> list[dict[str, Any]]:
    """Return a record for each incident that begins or ends with *step*."""
    made = []
    for each in step.effects:
        if isinstance(each, OpenIncident):
            state = step.state
            first = state.failing_since
            begun = each.at if first is None else min(first, each.at)
            more: dict[str, Any] = {
                "severity": each.severity.value,
                "code": each.code.value,
            }
            made.append(
                _incident(each.incident, target, "opened", begun, None, stamp)
                | more
                | {"detail": each.detail}
            )
        elif isinstance(each, ResolveIncident):
            warned = each.incident == old.warning
            first = old.warning_at if warned else old.failing_since
            begun = each.at if first is None else first
            more = {"code": old.code.value, "restarts": len(old.restarts)}
            made.append(
                _incident(each.incident, target, "resolved", begun, each.at, stamp)
                | more
                | {"detail": old.detail}
            )
    return made


def line(record: dict[str, Any]) -> bytes:
    """Return *record* as one line of JSON."""
    text = json.dumps(record, ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace") + b"\n"


def cut(record: dict[str, Any], artifact: str) -> dict[str, Any]:
    """Return what fits into one line of a record that does not; the rest is a pointer.

    *artifact* is the path of the file with the whole record.
    """
    kept = ("node_name", "node_type", "code", "outcome", "duration")
    nodes = record.get("node_logs", [])
    few = [{key: node[key] for key in kept} for node in nodes[:_SHOWN]]
    slim = record | {
        "detail": str(record.get("detail", ""))[:300],
        "node_logs": few,
        "logs": record.get("logs", [])[:3],
        "nodes": len(nodes),
        "artifact": artifact,
    }
    if len(line(slim)) > MOST:
        slim |= {"node_logs": [], "logs": []}
    return slim


def _incident(
    key: str, target: str, state: str, begun: float, ended: float | None, stamp: Stamp
) -> dict[str, Any]:
    return {
        "type": "incident",
        "sid": key,
        **ids(key),
        "incident_id": key,
        "target": target,
        "state": state,
        "start_time": stamp(begun),
        "end_time": None if ended is None else stamp(ended),
        "duration": None if ended is None else _ms(ended - begun),
    }


def _node(
    one: Observation, name: str, sid: str, stamp: Stamp, asked: object
) -> dict[str, Any]:
    found = one.finding
    said = {
        "level": _LEVELS[found.outcome],
        "message": found.detail or found.code.value,
        "time": stamp(one.at),
    }
    return {
        "sid": sid,
        "node_id": f"{name}/{one.check}",
        "node_type": one.kind,
        "node_name": one.check,
        "start_time": stamp(one.at - one.duration_s),
        "end_time": stamp(one.at),
        "duration": _ms(one.duration_s),
        "outcome": found.outcome.value,
        "code": found.code.value,
        "input_data": asked,
        "output_data": {
            "answer": found.detail[:EXCERPT],
            "response_s": found.response_s,
            "timings": dict(found.timings),
            "figures": dict(found.figures),
            "identity": found.identity,
        },
        "logs": [said],
    }


def _line(effect: Effect, stamp: Stamp) -> dict[str, Any]:
    about: dict[str, Any] = {
        key: getattr(worth, "value", worth)
        for key, worth in as_dict(effect).items()
        if key not in ("target", "at", "opened_at")
    }
    return {
        "level": "INFO",
        "message": type(effect).__name__,
        "time": stamp(effect.at),
    } | {"about": about}


def _ms(seconds: float) -> float:
    return round(max(seconds, 0.0) * 1000, 3)
