"""Which value counts: command line, environment, file, profile, default.

Each number comes with the name of the layer that it is from, for people who ask why.
"""

from __future__ import annotations

import os
from typing import Any

import agent2
from agent2.compiler import plugin_models as models
from agent2.compiler import yaml_marks, yaml_tree
from agent2.compiler.entries import Entry
from agent2.compiler.report import Report
from agent2.compiler.schema import Defaults, Restart, Root, Target
from agent2.compiler.words import Scope
from agent2.core.value import value

Profile = tuple[str, Defaults]


TUNABLES = (
    "interval",
    "timeout",
    "failure_threshold",
    "success_threshold",
    "retry_interval",
    "start_grace",
)
BUDGET = tuple(name for name in Restart.model_fields if name != "actions")
FOR_CHECKS = ("max_retry", "retry_delay", "slow")


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


def numbers(
    target: Target, index: int, root: Root, profile: Profile, report: Report
) -> dict[str, Sourced]:
    """Return the tunables of a target, each from the highest layer that has it."""
    layers = (
        (target, ("targets", index)),
        (root.defaults, ("defaults",)),
        (profile[1], profile[0]),
    )
    found = {key: _first(key, layers, Defaults, report) for key in TUNABLES}
    return _with_gap(found)


def shared(root: Root, profile: Profile, report: Report) -> dict[str, Sourced]:
    """Return what a target gets that says nothing of its own."""
    keys, layers = (*TUNABLES, *FOR_CHECKS), _common(root, profile)
    return _with_gap({key: _first(key, layers, Defaults, report) for key in keys})


def _common(root: Root, profile: Profile) -> Any:
    return (root.defaults, ("defaults",)), (profile[1], profile[0])


def _with_gap(found: dict[str, Sourced]) -> dict[str, Sourced]:
    if found["retry_interval"].value is None:
        found["retry_interval"] = Sourced(found["interval"].value, "as interval")
    return found


def budget(
    target: Target, index: int, root: Root, profile: Profile, report: Report
) -> dict[str, Sourced]:
    """Return the keys of ``restart`` of a target, but for its actions."""
    layers = (
        (target.restart, ("targets", index, "restart")),
        (root.defaults.restart, ("defaults", "restart")),
        (profile[1].restart, profile[0]),
    )
    return {key: _first(key, layers, Restart, report) for key in BUDGET}


def for_check(
    entry: Entry, root: Root, profile: Profile, report: Report
) -> dict[str, Any]:
    """Return the options of a check, with what ``defaults`` and profile say of them.

    What the command line or the environment says of ``defaults`` wins over the
    check's own, as it wins over a target's.
    """
    options = dict(entry.options)
    names = models.option_names(entry.cls)
    for key in FOR_CHECKS:
        own, common = (*entry.loc, key), ("defaults", key)
        forced = common in report.origins and own not in report.origins
        if key not in names or (key in options and not forced):
            continue
        found = _first(key, _common(root, profile), Defaults, report)
        if found.source != "default":
            options[key] = found.value
            report.lent[own] = found.source
    return options


def _first(key: str, layers: Any, section: Any, report: Report) -> Sourced:
    """Return the value of the highest layer: those that were given by hand, then all.

    A layer is a model and its place in the file, or the name of the profile.
    """
    if report.origins:
        forced = [each for each in layers if (*each[1], key) in report.origins]
        layers = (*forced, *layers)
    for model, place in layers:
        if key in model.model_fields_set:
            by_file = isinstance(place, tuple)
            source = report.source((*place, key)) if by_file else f"profile {place}"
            return Sourced(getattr(model, key), source)
    return Sourced(section.model_fields[key].default, "default")
