"""The status JSON: its keys and words, which other people's tools read.

The five keys of the user's documents stand first and never change. The text is one
line per key and per list entry: greppable, and cheap to put together from parts that
are made anew only when they change.
"""

from __future__ import annotations

import json

from agent2.core.alerting import REASONS
from agent2.core.model import ActionResult, Health
from agent2.core.restarts import due
from agent2.host.clock import stamp as wall_stamp
from agent2.wire.tokens import STATUS_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Any

    from agent2.core.events import Gate
    from agent2.core.model import Observation, TargetState
    from agent2.core.silences import Silence
    from agent2.plan.values import TargetPlan
    from agent2.store.actions import ActionRow
    from agent2.store.incidents import Incident

SCHEMA = "agent2.status/1"
FILE = STATUS_FILE

# What an action's result is called in a fix record.
RESULTS = {
    ActionResult.PLANNED: "signal_created",
    ActionResult.REQUESTED: "signal_created",
    ActionResult.WITHDRAWN: "signal_created",
    ActionResult.WARNED: "warning_logged",
    ActionResult.SUCCESS: "success",
    ActionResult.FAILED: "failed",
    ActionResult.UNKNOWN: "failed",
}
_REASONS = {facet.value: reason for facet, reason in REASONS.items()}
_WORDS = {
    Health.UNKNOWN: "unknown",
    Health.HEALTHY: "ok",
    Health.FAILING: "warn",
    Health.RECOVERING: "warn",
    Health.UNHEALTHY: "down",
}


def state_word(state: TargetState, *, stale: bool = False) -> str:
    """Return ``ok``, ``warn``, ``down`` or ``unknown``; stale is always unknown."""
    if stale:
        return "unknown"
    word = _WORDS[state.health]
    return "warn" if word == "ok" and state.degraded else word


def check_entry(seen: Observation) -> dict[str, Any]:
    """Return one check as the status and ``agent2 check --json`` show it."""
    found = seen.finding
    entry: dict[str, Any] = {
        "name": seen.check,
        "kind": seen.kind,
        "outcome": found.outcome._value_,  # ``value`` is two calls in Python
        "code": found.code._value_,
        "detail": found.detail,
        "duration_s": round(seen.duration_s, 6),
    }
    if found.response_s is not None:
        entry["response_s"] = round(found.response_s, 6)
    if found.timings:
        entry["timings"] = {name: round(s, 6) for name, s in found.timings}
    if found.figures:
        entry["figures"] = {name: round(n, 3) for name, n in found.figures}
    if found.identity is not None:
        entry["identity"] = found.identity
    return entry


def target_entry(
    plan: TargetPlan,
    state: TargetState,
    checks: Iterable[Observation],
    last_check: float | None,
    stamp: Callable[[float], str],
    *,
    stale: bool,
    gate: Gate | None = None,
    silence: Silence | None = None,
) -> dict[str, Any]:
    """Return one target's part of the status."""
    budget = plan.policy.restart
    again = due(budget, state, plan.name)
    return {
        "name": plan.name,
        "state": state_word(state, stale=stale),
        "health": state.health._value_,
        "degraded": state.degraded,
        "since": None if state.since is None else stamp(state.since),
        "consecutive_failures": state.failures,
        "failure_threshold": plan.policy.failure_threshold,
        "last_check": None if last_check is None else stamp(last_check),
        "interval_s": plan.interval,
        "checks": [check_entry(seen) for seen in checks],
        "restarts": {
            "enabled": budget.enabled,
            "used": len(state.restarts),
            "limit": budget.intensity,
            "period_s": budget.period,
            "exhausted": state.exhausted_at is not None,
            "next_restart_at": None if again is None else stamp(again),
            **({"dry_run": True} if budget.dry_run else {}),
        },
        "incident": state.incident or state.warning,
        "flapping": state.flap is not None,
        "paused": gate is not None,
        "silenced": None if silence is None else silence_entry(silence, wall_stamp),
        "labels": dict(plan.labels),
        **{name: found for name, found in _others(plan).items() if found},
    }


def _others(plan: TargetPlan) -> dict[str, object]:
    """Return what ties the target to others."""
    return {"group": plan.group, "depends_on": list(plan.depends_on)}


def silence_entry(one: Silence, stamp: Callable[[float], str]) -> dict[str, Any]:
    """Return one silence as the status and the API show it; its times are wall time."""
    return {
        "id": one.id,
        "match": dict(one.match),
        "starts_at": stamp(one.starts_at),
        "until": stamp(one.until),
        "who": one.who,
        "why": one.why,
    }


def gate_entry(gate: Gate, stamp: Callable[[float], str]) -> dict[str, Any]:
    """Return one gate as the status shows it; ``*`` is the gate of every target."""
    return {
        "target": gate.subject,
        "name": gate.name,
        "state": gate.state,
        "reason": gate.reason,
        "who": gate.who,
        "since": stamp(gate.at),
    }


def fix_entry(row: ActionRow, stamp: Callable[[float], str]) -> dict[str, Any]:
    """Return one action as a fix record."""
    return {
        "timestamp": stamp(row.planned_at),
        "issue": row.issue,
        "action": row.label,
        "result": RESULTS[row.result],
        "target": row.target,
        "incident_id": row.incident,
        "attempt": row.attempt,
        "id": row.id,
        "withdrawn": row.result is ActionResult.WITHDRAWN,
    }


def incident_entry(row: Incident, stamp: Callable[[float], str]) -> dict[str, Any]:
    """Return one open incident."""
    return {
        "id": row.id,
        "target": row.target,
        "severity": row.severity.value,
        "opened_at": stamp(row.opened_at),
        "reason": _REASONS.get(row.reason, row.reason),
        "code": row.code,
        "detail": row.detail,
        "acked": acked_entry(row),
    }


def acked_entry(row: Incident) -> dict[str, Any] | None:
    """Return who has acknowledged an incident; None: nobody."""
    if row.acked_at is None:
        return None
    return {
        "at": wall_stamp(row.acked_at),
        "who": row.acked_by,
        "why": row.acked_why,
    }


def _encoder() -> Callable[[Any], str]:
    """Return what makes JSON text: one encoder in C for all, not one for each node."""
    plain = json.JSONEncoder(ensure_ascii=False)
    make: Any = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # a Python without its C half
        return plain.encode
    quote = json.encoder.encode_basestring
    pieces = make(None, plain.default, quote, None, ": ", ", ", False, False, True)
    return lambda node: "".join(pieces(node, 0))


_encode = _encoder()


def render(tree: Mapping[str, Any]) -> bytes:
    """Return the file's bytes: UTF-8, unescaped, a line per key and list entry."""
    lines = []
    for key, node in tree.items():
        if isinstance(node, list) and node:
            inner = ",\n    ".join(
                [n.text if type(n) is Fragment else _encode(n) for n in node]
            )
            lines.append(f'  "{key}": [\n    {inner}\n  ]')
        else:
            lines.append(f'  "{key}": {_encode(node)}')
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8", "replace")


class Fragment:
    """A part of the status that is already JSON text."""

    __slots__ = ("text",)

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.text = _encode(entry)
