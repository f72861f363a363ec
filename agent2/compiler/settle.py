"""From checked models to what counts: one target, its numbers, its plugins, its name.

``Settled`` is the whole configuration after precedence; ``emit`` writes it as a plan
and ``show`` prints it for people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agent2.compiler import entries, layers
from agent2.compiler.entries import Entry
from agent2.compiler.events import Events
from agent2.compiler.layers import Sourced
from agent2.compiler.observability import Evidence, Metrics, Observability
from agent2.compiler.problems import Loc, shown
from agent2.compiler.report import Report
from agent2.compiler.scalars import told
from agent2.compiler.schema import Defaults, Restarter, Root, Target, Web
from agent2.compiler.store import Store
from agent2.compiler.telemetry import Telemetry
from agent2.compiler.words import Scope
from agent2.core.value import replace, value


@value
class SettledTarget:
    """A target with every number decided."""

    model: Target
    checks: tuple[Entry, ...]
    actions: tuple[Entry, ...]
    numbers: dict[str, Sourced]
    budget: dict[str, Sourced]
    primary: bool

    @property
    def bound(self) -> float:
        """Seconds within which an outage is noticed, a hang that eats each deadline."""
        found = self.numbers
        gaps = (found["failure_threshold"].value - 1) * self.step
        first = found["interval"].value + found["timeout"].value
        return float(first + gaps)

    @property
    def step(self) -> float:
        """Seconds from one failing look to the next: looks never overlap."""
        found = self.numbers
        return float(max(found["retry_interval"].value, found["timeout"].value))


@value
class Settled:
    """The configuration after precedence."""

    profile: Sourced
    language: Sourced
    defaults: dict[str, Sourced]
    targets: tuple[SettledTarget, ...]
    notifiers: tuple[Entry, ...]
    routes: tuple[tuple[dict[str, str], tuple[str, ...]], ...]
    alert_texts: dict[str, str]
    log: dict[str, Any]
    restarter: Restarter
    web: Web
    events: Events
    store: Store
    telemetry: Telemetry
    metrics: Metrics
    observability: Observability
    evidence: Evidence
    source: Callable[[Loc], str]  # where the value at a place of the file is from


def plugins_of(report: Report, tree: dict[str, Any], scope: Scope) -> dict[Loc, Any]:
    """Read every plugin in *tree*: place -> Entry, or None where it is wrong."""
    found: dict[Loc, Any] = {}

    def take(family: str, node: Any, loc: Loc) -> None:
        for index, entry in enumerate(node if isinstance(node, list) else ()):
            place = (*loc, index)
            found[place] = entries.read(report, family, entry, place, scope)

    def ladder(node: Any, loc: Loc) -> None:
        restart = node.get("restart") if isinstance(node, dict) else None
        actions = restart.get("actions") if isinstance(restart, dict) else None
        take("actions", actions, (*loc, "restart", "actions"))
        if actions == []:
            hint = "To restart nothing, write remediation: off."
            place = (*loc, "restart", "actions")
            report.tell(place, "is empty", "an empty list", "at least one action", hint)

    ladder(tree.get("defaults"), ("defaults",))
    targets = tree.get("targets")
    for index, target in enumerate(targets if isinstance(targets, list) else ()):
        if isinstance(target, dict):
            take("checks", target.get("checks"), ("targets", index, "checks"))
            ladder(target, ("targets", index))
    take("notifiers", tree.get("notifiers"), ("notifiers",))
    for loc, entry in found.items():
        if loc[0] == "notifiers" and entry is not None and not entry.name:
            hint = "Routes, outbox and log call it by that."
            report.tell((*loc, "name"), "is missing", "nothing", "a name", hint)
    return found


def named(report: Report, found: list[Entry]) -> tuple[Entry, ...]:
    """Give each its own name or that of its kind, unique: ``http``, ``http-2``."""
    taken: set[str] = set()
    for entry in found:
        if entry.name and entry.name in taken:
            expected = "a name of its own for each in the list"
            loc = (*entry.loc, "name")
            report.tell(loc, "is doubled", shown(entry.name), expected)
        taken.add(entry.name)
    made = []
    for entry in found:
        name, count = entry.name or entry.kind, 1
        while not entry.name and name in taken:
            count += 1
            name = f"{entry.kind}-{count}"
        taken.add(name)
        made.append(replace(entry, name=name))
    return tuple(made)


def target(
    report: Report,
    root: Root,
    index: int,
    plugins: dict[Loc, Any],
    profile: tuple[str, Defaults],
    *,
    primary: bool,
) -> SettledTarget:
    """Settle the target number *index*."""
    model = root.targets[index]
    found = [plugins["targets", index, "checks", n] for n in range(len(model.checks))]
    checks = [
        replace(each, options=layers.for_check(each, root, profile, report))
        for each in found
    ]
    made = SettledTarget(
        model=model,
        checks=named(report, checks),
        actions=named(report, _ladder(root, index, plugins)),
        numbers=layers.numbers(model, index, root, profile, report),
        budget=_budget(
            model, checks, layers.budget(model, index, root, profile, report)
        ),
        primary=primary,
    )
    _warn(report, root, made, index, profile[1])
    return made


def _budget(
    model: Target, checks: list[Entry], found: dict[str, layers.Sourced]
) -> dict[str, layers.Sourced]:
    """Restart nothing by default where a restart mends nothing of what is looked at."""
    asked = "actions" in model.restart.model_fields_set
    if asked or found["remediation"].source != "default":
        return found
    if any(getattr(each.cls, "restartable", True) for each in checks):
        return found
    return found | {"remediation": layers.Sourced(False, "its checks")}


def primary(root: Root) -> int:
    """Return the number of the target that the five old keys tell of."""
    return next((n for n, each in enumerate(root.targets) if each.primary), 0)


def _ladder(root: Root, index: int, plugins: dict[Loc, Any]) -> list[Entry]:
    for owner, loc in (
        (root.targets[index].restart, ("targets", index)),
        (root.defaults.restart, ("defaults",)),
    ):
        if "actions" in owner.model_fields_set:
            many = range(len(owner.actions))
            return [plugins[*loc, "restart", "actions", n] for n in many]
    from agent2 import plugins as table

    cls = table.load("actions", "signal_file")
    return [entries.Entry("", "signal_file", cls, {}, ())]


def _warn(
    report: Report, root: Root, made: SettledTarget, index: int, profile: Defaults
) -> None:
    """Tell of a timeout above the interval, unless the profile wants it so."""
    interval, timeout = made.numbers["interval"], made.numbers["timeout"]
    wanted = (profile.interval, profile.timeout)
    if timeout.value <= interval.value or wanted == (interval.value, timeout.value):
        return
    place = _given(root, index)
    so = "so a hanging check delays the next"
    if place[-1] == "interval":  # the timeout is the profile's or the default
        what = f"is shorter than the timeout, {so}"
        got, expected = interval, f"at least {told(timeout.value)} ({timeout.source})"
    else:
        what = f"is longer than the interval, {so}"
        got, expected = timeout, f"at most {told(interval.value)} ({interval.source})"
    sourced = f"{told(got.value)} ({got.source})"
    report.tell(place, what, sourced, expected, warning=True)


def _given(root: Root, index: int) -> Loc:
    """Return where the file says how timeout and interval are."""
    for key in ("timeout", "interval"):
        if key in root.targets[index].model_fields_set:
            return ("targets", index, key)
        if key in root.defaults.model_fields_set:
            return ("defaults", key)
    return ("targets", index)
