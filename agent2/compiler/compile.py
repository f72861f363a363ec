"""The straight line from a text to a plan: compose, check, settle, emit."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

from agent2.compiler import (
    events,
    groups,
    layers,
    old_names,
    overrides,
    rules,
    settle,
    telemetry_env,
    yaml_marks,
    yaml_tree,
)
from agent2.compiler.emit import emit
from agent2.compiler.layers import Sourced
from agent2.compiler.overrides import Given
from agent2.compiler.privacy import warn_of_open_file
from agent2.compiler.problems import Problem, sort_of
from agent2.compiler.report import Report
from agent2.compiler.schema import Root
from agent2.compiler.settle import Settled
from agent2.compiler.words import Scope
from agent2.core.value import value
from agent2.plan import sources

BUILT_IN = "built-in defaults"


@value
class Compiled:
    """A plan tree and what it was made of; both None if the file is refused.

    *more*: problems beyond the thousand that are listed.
    """

    tree: dict[str, Any] | None
    settled: Settled | None
    problems: tuple[Problem, ...]
    more: int = 0


def compile_text(
    text: str | bytes | None,
    path: str,
    state_dir: str,
    profile: str,
    environ: Mapping[str, str],
    stamp: str = "",
    sets: Sequence[str] = (),
) -> Compiled:
    """Compile *text*, the content of *path*; None is "no file": the defaults.

    *profile* and *sets* (``KEY=VALUE``) are those of the command line. Problems come
    in the order of the file. Nothing is written.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    base = os.path.dirname(path) if path else state_dir
    scope = Scope(environ, base, sources.home(environ))
    built_in = raw is None
    report = Report(path or BUILT_IN, None)
    given = overrides.collect(environ, profile, sets, report)
    if raw is None:
        raw = built_in_text(overrides.profile_of(given))
    root, found = yaml_marks.compose(raw, report.path)
    report.root = root
    for problem in found:
        report.add(problem)
    settled = None
    if root is not None:
        settled = _settle(report, root, given, scope, built_in=built_in)
        if path and not built_in:
            warn_of_open_file(report, settled, path)
    problems = _sorted(report.problems)
    if settled is None or report.refused:
        return Compiled(None, None, problems, report.more)
    facts = {
        "stamp": stamp or sources.current_stamp(path, profile, environ, sets),
        "config_path": path,
        "sha": hashlib.sha256(raw).hexdigest()[:12],
        "base": base,
        "warnings": [str(problem) for problem in problems],
    }
    return Compiled(emit(settled, facts), settled, problems)


def _sorted(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(sorted(problems, key=lambda p: (p.path, p.line, p.column)))


def built_in_text(profile: str) -> bytes:
    """Return the configuration that counts where there is no file."""
    with open(layers.profile_path(profile or "test"), "rb") as file:
        return file.read()


def _settle(
    report: Report,
    node: Any,
    given: Sequence[Given],
    scope: Scope,
    *,
    built_in: bool,
) -> Settled | None:
    if not isinstance(node, yaml_tree.Mapping):
        got = sort_of(yaml_tree.plain(node))
        report.tell((), "is no mapping", got, "keys such as targets: at the left")
        return None
    if built_in:  # a profile's file: its numbers are the profile's, not a file's
        node.entries.pop("defaults", None)
        node.entries.pop("events", None)
        node.entries.pop("profile", None)
    old_names.take(report, node)
    node = overrides.put(report, node, given, scope)
    node = telemetry_env.lend(report, node, scope.environ)
    node = groups.expand(report, node)
    tree = yaml_tree.plain(node)
    plugins = settle.plugins_of(report, tree, scope)
    model = report.check(Root, tree, (), scope)
    rules.check(report, tree)
    groups.check(report, tree)
    if model is None or report.refused:
        return None
    return _put_together(report, model, plugins, scope)


def _put_together(
    report: Report,
    root: Root,
    plugins: dict[Any, Any],
    scope: Scope,
) -> Settled | None:
    name = layers.Sourced(root.profile, report.source(("profile",)))
    profile = (name.value, layers.profile_defaults(name.value, scope))
    language = language_of(root.language, scope.environ)
    notifiers = [entry for loc, entry in plugins.items() if loc[0] == "notifiers"]
    if "routes" in root.model_fields_set:
        routes = tuple((dict(r.match), tuple(r.notifiers)) for r in root.routes)
    else:
        routes = (({}, tuple(each.name for each in notifiers)),) if notifiers else ()
    first = settle.primary(root)
    lent = events.profile_events(layers.profile_path(name.value), scope)
    made = settle.Settled(
        profile=name,
        language=layers.Sourced(language, report.source(("language",))),
        defaults=layers.shared(root, profile, report),
        targets=tuple(
            settle.target(report, root, n, plugins, profile, primary=n == first)
            for n in range(len(root.targets))
        ),
        notifiers=tuple(notifiers),
        routes=routes,
        alert_texts=dict(root.alert_texts),
        log=root.log.model_dump(by_alias=True),
        restarter=root.restarter,
        web=root.web,
        events=events.settled(root.events, (name.value, lent), report),
        store=root.store,
        telemetry=root.telemetry,
        metrics=root.metrics,
        observability=root.observability,
        evidence=root.evidence,
        source=report.source,
    )
    _warn_of_idle_profile(report, root, profile, name)
    return made


def language_of(language: str, environ: Mapping[str, str]) -> str:
    """Return ``en`` or ``zh``; ``auto`` is decided by the locale variables."""
    if language != "auto":
        return language
    for variable in sources.LANGUAGE:
        if environ.get(variable):
            return "zh" if environ[variable].lower().startswith("zh") else "en"
    return "en"


def _warn_of_idle_profile(
    report: Report, root: Root, profile: tuple[str, Any], name: Sourced
) -> None:
    """Tell a person who asked for a profile that the file's numbers win."""
    if not name.source.startswith(("command", "environment", overrides.SET)):
        return
    for key in profile[1].model_fields_set & root.defaults.model_fields_set:
        wanted, stands = getattr(profile[1], key), getattr(root.defaults, key)
        by_hand = ("defaults", key) in report.origins
        if key != "restart" and wanted != stands and not by_hand:
            report.tell(
                ("defaults", key),
                f"wins over profile {profile[0]} ({name.source})",
                f"{stands:g}",
                f"{wanted:g} if the profile is to count",
                "Leave the key out of the file then.",
                warning=True,
            )
