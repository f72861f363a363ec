"""The effective configuration for people: every value, its source, no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent2.compiler import plugin_models as models
from agent2.compiler import slo, urls
from agent2.compiler.problems import MASK
from agent2.compiler.scalars import told
from agent2.compiler.word import SECONDS
from agent2.plan.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent2.compiler.entries import Entry
    from agent2.compiler.layers import Sourced
    from agent2.compiler.settle import Settled, SettledTarget

    Tell = Callable[[float], str | float]

_COUNTS = (
    "failure_threshold",
    "success_threshold",
    "intensity",
    "remediation",
    "dry_run",
    "max_retry",
)


def summary(settled: Settled, path: str) -> str:
    """Return what ``config check`` prints of a good file: what it will do."""
    many = (
        _many(settled.targets, "target"),
        _many(settled.notifiers, "notifier"),
        _many(settled.routes, "route"),
    )
    facts = f"profile {settled.profile.value}, language {settled.language.value}"
    lines = [f"{path}: ok, {', '.join(many)}, {facts}"]
    for target in settled.targets:
        found = target.numbers
        count, every = found["failure_threshold"].value, found["interval"].value
        sum_ = f"{count} × {told(every)} + {told(found['timeout'].value)}"
        if count > 1 and target.step != every:
            gaps = f"{count - 1} × {told(target.step)}"
            sum_ = f"{told(every)} + {gaps} + {told(found['timeout'].value)}"
        within, name = "is noticed within", target.model.name
        slow = [each for each in target.checks if hasattr(each.cls, "pace")]
        if len(slow) < len(target.checks):
            lines.append(f"{name}: an outage {within} {target.bound:g} s ({sum_})")
        lines += [f"{name}: what {_paced(each)}" for each in slow]
    return "\n".join(lines)


def _paced(entry: Entry) -> str:
    """Return how often a check really looks, which keeps its answer in between."""
    option = entry.cls.pace
    every = entry.options.get(option, models.defaults(entry.cls)[option])
    return f"{entry.name} looks for is looked at once in {told(every)}"


def _many(things: tuple[Any, ...], word: str) -> str:
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def effective(settled: Settled, *, words: bool) -> dict[str, Any]:
    """Return the configuration after precedence, as a tree of the file's shape.

    Durations are words such as ``1m30s``, or numbers of seconds without *words*.
    """
    tell = told if words else float
    return {
        "version": 1,
        "profile": settled.profile.value,
        "language": settled.language.value,
        "defaults": _numbers(settled.defaults, tell),
        "targets": [_target(each, tell) for each in settled.targets],
        "notifiers": [_plugin(each, tell) for each in settled.notifiers],
        "routes": [
            {"match": match, "notifiers": list(names)}
            for match, names in settled.routes
        ],
        "alert_texts": settled.alert_texts,
        "restarter": settled.restarter.shown(tell),
        "web": settled.web.model_dump(),
        "log": settled.log,
        "events": settled.events.shown(tell),
        "store": settled.store.shown(tell),
        "telemetry": settled.telemetry.shown(tell),
        "metrics": settled.metrics.model_dump(),
        "observability": settled.observability.model_dump(),
        "evidence": settled.evidence.model_dump(),
    }


def _target(target: SettledTarget, tell: Tell) -> dict[str, Any]:
    model = target.model
    return {
        "name": model.name,
        **(
            {"group": model.group, "min_healthy": model.min_healthy}
            if model.group
            else {}
        ),
        **_numbers(target.numbers, tell),
        "checks": [_plugin(each, tell) for each in target.checks],
        "restart": _numbers(target.budget, tell)
        | {"actions": [_plugin(each, tell) for each in target.actions]},
        "on_exit": model.on_exit,
        "flapping": model.flapping,
        "depends_on": model.depends_on,
        "labels": model.labels,
        "severity": model.severity,
        "reminders": [tell(gap) for gap in model.reminders],
        **slo.shown(model, tell),
        "public": model.public,
        "primary": target.primary,
    }


def _numbers(found: dict[str, Sourced], tell: Tell) -> dict[str, Any]:
    return {k: f.value if k in _COUNTS else tell(f.value) for k, f in found.items()}


def _plugin(entry: Entry, tell: Tell) -> dict[str, Any]:
    made: dict[str, Any] = {"kind": entry.kind, "name": entry.name}
    given = models.defaults(entry.cls) | entry.options
    for name in models.option_names(entry.cls):
        if name in given:
            made[models.yaml_name(name)] = _option(entry, name, given[name], tell)
    return made


def _option(entry: Entry, name: str, given: Any, tell: Tell) -> Any:
    word = models.word_of(entry.cls, name)
    if isinstance(given, Secret):
        unset = name not in entry.options or given == Secret("")
        return "" if unset else MASK
    if word is SECONDS and given is not None:
        return tell(given)
    return _masked(given)


def _masked(node: Any) -> Any:
    if isinstance(node, Secret):
        return MASK
    if isinstance(node, dict):
        return {key: _masked(child) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return [_masked(child) for child in node]
    if isinstance(node, str) and "://" in node and urls.is_private(node):
        return node.partition("?")[0] + "?" + MASK
    return node
