"""Which value counts: command line, environment, file, profile, default.

Each number comes with the name of the layer that it is from, for people who ask why.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import agent2
from agent2.compiler import yaml_marks, yaml_tree
from agent2.compiler.problems import MASK, Problem, shown
from agent2.compiler.scalars import resolve
from agent2.compiler.schema import Defaults, Log, Restart, Root, Target
from agent2.compiler.word import Word
from agent2.compiler.words import Wrong
from agent2.core.value import value

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from agent2.compiler.report import Report
    from agent2.compiler.words import Scope

TUNABLES = (
    "interval",
    "timeout",
    "failure_threshold",
    "success_threshold",
    "retry_interval",
    "start_grace",
)
BUDGET = tuple(name for name in Restart.model_fields if name != "actions")
RETRY = ("max_retry", "retry_delay")

# Variable -> section and key that it overrides.
VARIABLES = {
    "AGENT2_PROFILE": (Root, "profile"),
    "AGENT2_LANGUAGE": (Root, "language"),
    "AGENT2_LOG_LEVEL": (Log, "level"),
    "AGENT2_INTERVAL": (Defaults, "interval"),
    "AGENT2_TIMEOUT": (Defaults, "timeout"),
    "AGENT2_FAILURE_THRESHOLD": (Defaults, "failure_threshold"),
    "AGENT2_SUCCESS_THRESHOLD": (Defaults, "success_threshold"),
}


@value
class Sourced:
    """A value and the layer that it is from."""

    value: Any
    source: str


def profile_path(name: str) -> str:
    """Return the file of a profile; it is a whole configuration of its own."""
    folder = os.path.dirname(os.path.abspath(agent2.__file__))
    return os.path.join(folder, "profiles", f"{name}.yaml")


def profile_defaults(name: str, scope: Scope) -> Defaults:
    """Return what the profile says under ``defaults``."""
    with open(profile_path(name), "rb") as file:
        root, _ = yaml_marks.compose(file.read(), name)
    tree = yaml_tree.plain(root)
    return Defaults.model_validate(tree["defaults"], context=scope)


def overrides(
    environ: Mapping[str, str], profile: str, scope: Scope, report: Report
) -> dict[str, Sourced]:
    """Return key -> value of the environment and the command line."""
    found: dict[str, Sourced] = {}
    for variable, (section, key) in VARIABLES.items():
        text = environ.get(variable)
        if text:
            source = f"environment {variable}"
            word = _word(section, key)
            _override(found, report, key, word, text, source, scope)
    if profile:
        word = _word(Root, "profile")
        _override(found, report, "profile", word, profile, "command line", scope)
    return found


def _word(section: Any, key: str) -> Word:
    metadata = section.model_fields[key].metadata
    return next(each for each in metadata if isinstance(each, Word))


def _override(
    found: dict[str, Sourced],
    report: Report,
    key: str,
    word: Word,
    text: str,
    source: str,
    scope: Scope,
) -> None:
    node: Any = text if key in {"profile", "language"} else resolve(text)
    if key == "level":
        node = text.upper()
    try:
        # A variable is no YAML: its text is taken as it is, without references.
        if "${" in text:
            raise Wrong("holds a reference", expected=word.name, hidden=True)
        found[key] = Sourced(word.take(node, scope), source)
    except Wrong as wrong:
        place, _, variable = source.partition(" ")
        path, name = (place, variable) if place == "environment" else (source, key)
        if place == "command":
            name = "--profile"
        got = MASK if wrong.hidden else shown(text)
        report.add(
            Problem(path, 0, 0, name, wrong.what, got, wrong.expected, wrong.hint or "")
        )


def numbers(
    target: Target,
    index: int,
    root: Root,
    profile: tuple[str, Defaults],
    over: Mapping[str, Sourced],
    report: Report,
) -> dict[str, Sourced]:
    """Return the tunables of a target, each from the highest layer that has it."""
    found: dict[str, Sourced] = {}
    layers = (
        (target, lambda key: _line(report, ("targets", index, key))),
        (root.defaults, lambda key: _line(report, ("defaults", key))),
        (profile[1], lambda _key: f"profile {profile[0]}"),
    )
    for key in TUNABLES:
        found[key] = over.get(key) or _first(key, layers, Defaults)
    if found["retry_interval"].value is None:
        same = found["interval"]
        found["retry_interval"] = Sourced(same.value, "as interval")
    return found


def shared(
    root: Root,
    profile: tuple[str, Defaults],
    over: Mapping[str, Sourced],
    report: Report,
) -> dict[str, Sourced]:
    """Return what a target gets that says nothing of its own."""
    layers = (
        (root.defaults, lambda key: _line(report, ("defaults", key))),
        (profile[1], lambda _key: f"profile {profile[0]}"),
    )
    found = {k: over.get(k) or _first(k, layers, Defaults) for k in (*TUNABLES, *RETRY)}
    if found["retry_interval"].value is None:
        found["retry_interval"] = Sourced(found["interval"].value, "as interval")
    return found


def budget(
    target: Target,
    index: int,
    root: Root,
    profile: tuple[str, Defaults],
    report: Report,
) -> dict[str, Sourced]:
    """Return the keys of ``restart`` of a target, but for its actions."""
    own, shared = ("targets", index, "restart"), ("defaults", "restart")
    layers = (
        (target.restart, lambda key: _line(report, (*own, key))),
        (root.defaults.restart, lambda key: _line(report, (*shared, key))),
        (profile[1].restart, lambda _key: f"profile {profile[0]}"),
    )
    return {key: _first(key, layers, Restart) for key in BUDGET}


def retry(root: Root, profile: tuple[str, Defaults]) -> dict[str, Any]:
    """Return the retry options that checks get when they do not give them."""
    for_checks: dict[str, Any] = {}
    for key in RETRY:
        for layer in (root.defaults, profile[1]):
            if key in layer.model_fields_set:
                for_checks.setdefault(key, getattr(layer, key))
    return for_checks


def _first(key: str, layers: Any, section: Any) -> Sourced:
    for layer, source in layers:
        if key in layer.model_fields_set:
            return Sourced(getattr(layer, key), source(key))
    return Sourced(section.model_fields[key].default, "default")


def _line(report: Report, loc: tuple[str | int, ...]) -> str:
    return f"line {report.line(loc)}"
