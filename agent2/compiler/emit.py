"""Writes what was settled as the tree that ``agent2.plan.from_json`` reads."""

from __future__ import annotations

from typing import Any

from agent2.compiler import events, slo
from agent2.compiler.entries import Entry
from agent2.compiler.settle import Settled, SettledTarget
from agent2.plan import stored
from agent2.plan.secret import Secret

_IN_POLICY = ("failure_threshold", "success_threshold", "start_grace")
_IN_TARGET = ("interval", "retry_interval", "timeout")


def emit(settled: Settled, facts: dict[str, Any]) -> dict[str, Any]:
    """Return the plan; *facts* are stamp, paths, sums and warnings."""
    restarter, web = settled.restarter, settled.web
    return {
        "format": stored.FORMAT,
        **facts,
        "profile": settled.profile.value,
        "language": settled.language.value,
        "targets": [_target(each) for each in settled.targets],
        "notifiers": [_plugin(each) for each in settled.notifiers],
        "routes": [
            {"match": match, "notifiers": list(names)}
            for match, names in settled.routes
        ],
        "alert_texts": settled.alert_texts,
        "log": _log(settled.log),
        "restarter": restarter.model_dump(),
        "web": web.model_dump(),
        "events": events.emitted(settled.events),
        "store": settled.store.model_dump(),
        "telemetry": settled.telemetry.model_dump(),
        "metrics": settled.metrics.model_dump(),
        "observability": settled.observability.model_dump(),
        "evidence": settled.evidence.model_dump(),
    }


def _target(settled: SettledTarget) -> dict[str, Any]:
    model, numbers = settled.model, settled.numbers
    restart = {key: found.value for key, found in settled.budget.items()}
    restart["enabled"] = restart.pop("remediation")
    policy = {key: numbers[key].value for key in _IN_POLICY} | {
        "trip_on_exit": model.on_exit == "trip",
        "flapping": model.flapping,
        "severity": model.severity,
        "reminders": list(model.reminders),
        "restart": restart,
    }
    return {
        "name": model.name,
        "checks": [_plugin(each) for each in settled.checks],
        "actions": [_plugin(each) for each in settled.actions],
        "policy": policy,
        **{key: numbers[key].value for key in _IN_TARGET},
        "primary": settled.primary,
        "group": model.group,
        "min_healthy": model.min_healthy,
        "depends_on": list(model.depends_on),
        "labels": dict(model.labels),
        "public": model.public,
        "slo": slo.emitted(model),
    }


def _log(given: dict[str, Any]) -> dict[str, Any]:
    path = given["json"] if isinstance(given["json"], str) else ""
    wanted = bool(given["json"]) or given["json_calm"]
    return given | {"json": wanted, "json_path": path}


def _plugin(entry: Entry) -> dict[str, Any]:
    options = {name: _wrap(given) for name, given in entry.options.items()}
    return {"name": entry.name, "kind": entry.kind, "options": options}


def _wrap(node: Any) -> Any:
    """Give a secret out as its unexpanded source; the plan file is 0600."""
    if isinstance(node, Secret):
        return {"$secret": node._source}
    if isinstance(node, dict):
        return {key: _wrap(child) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return [_wrap(child) for child in node]
    return node
