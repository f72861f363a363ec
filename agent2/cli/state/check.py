"""``agent2 check``: look once, change nothing, say what is seen."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_settings
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.settings import Settings
from agent2.cli.state.probing import probe
from agent2.cli.state.status import wants_table
from agent2.cli.words import say
from agent2.core.groups import at_a_glance
from agent2.core.judgement import judge
from agent2.core.model import Verdict
from agent2.plan.values import Plan, PluginPlan, TargetPlan
from agent2.wire.status import check_entry

Chosen = list[tuple[TargetPlan, tuple[PluginPlan, ...]]]


STATES = {
    Verdict.GOOD: "ok",
    Verdict.DEGRADED: "warn",
    Verdict.BAD: "down",
    Verdict.UNKNOWN: "unknown",
}
WORST_FIRST = ("down", "unknown", "warn", "ok")
NAGIOS_WORDS = {"ok": "OK", "warn": "WARNING", "down": "CRITICAL", "unknown": "UNKNOWN"}
_OTHER_NAMES = {"port": "tcp", "process": "pid", "health": "http", "api": "http"}


@click.command(cls=Command, help=say("help.check"))
@click.argument("targets", nargs=-1, metavar="[TARGET|CHECK]...")
@click.option("--json", "as_json", is_flag=True, help=say("option.json"))
@click.option("--nagios", is_flag=True, help=say("option.nagios"))
@with_settings
def check(
    settings: Settings, targets: tuple[str, ...], as_json: bool, nagios: bool
) -> int:
    """Run the checks of the configuration once."""
    try:
        chosen = choose(obtain(settings), targets)
    except Failure as failure:
        if nagios:
            click.echo(f"AGENT2 UNKNOWN - {failure.message}")
            return codes.NAGIOS["unknown"]
        raise
    entries = look(chosen, settings.state_dir)
    state = worst(_counted(entries, chosen))
    if nagios:
        click.echo(nagios_line(entries, state, dict_of_timeouts(chosen)))
    elif as_json:
        click.echo(json.dumps({"targets": entries}, ensure_ascii=False, indent=2))
    elif wants_table(settings.color):
        from agent2.cli.state.check_table import show

        show(entries, settings.color)
    else:
        click.echo("\n".join(line for entry in entries for line in plain(entry)))
    return codes.NAGIOS[state]


def _counted(entries: list[dict[str, Any]], chosen: Chosen) -> list[str]:
    """Return the states of *entries* as they count: one of several may be missed."""
    groups: dict[str, list[str]] = {}
    least = {target.group: target.min_healthy for target, _ in chosen}
    for entry, (target, _) in zip(entries, chosen, strict=True):
        groups.setdefault(target.group, []).append(str(entry["state"]))
    alone = groups.pop("", [])
    return alone + [
        w for g, words in groups.items() for w in at_a_glance(words, least[g])
    ]


def choose(plan: Plan, names: tuple[str, ...]) -> Chosen:
    """Return the targets and checks that *names* mean; all of them without names.

    Raises:
        Failure: a name is neither a target nor a check.
    """
    if not names:
        return [(target, target.checks) for target in plan.targets]
    chosen: Chosen = []
    left = {_OTHER_NAMES.get(name, name): name for name in names}
    whole = {target.name for target in plan.targets} & set(names)
    for target in plan.targets:
        if target.name in whole:
            chosen.append((target, target.checks))
            left.pop(_OTHER_NAMES.get(target.name, target.name), None)
    wanted = set(left)
    for target in plan.targets:
        some = tuple(c for c in target.checks if {c.name, c.kind} & wanted)
        if some and target.name not in whole:
            chosen.append((target, some))
        for one in target.checks:
            left.pop(one.name, None)
            left.pop(one.kind, None)
    if left:
        name = next(iter(left.values()))
        raise Failure(codes.USAGE, say("error.no_target", name=name), _known(plan))
    return chosen


def _known(plan: Plan) -> str:
    return "agent2 check " + " | ".join(target.name for target in plan.targets)


def look(chosen: Chosen, state_dir: str) -> list[dict[str, Any]]:
    """Run the checks and return the entries of the ``--json`` document."""
    seen = probe(chosen, state_dir)
    return [
        {
            "name": target.name,
            "state": STATES[judge(observations).verdict],
            "checks": [
                check_entry(seen) | {"asked": asked(plan)}
                for plan, seen in zip(checks, observations, strict=True)
            ],
        }
        for (target, checks), observations in zip(chosen, seen, strict=True)
    ]


def asked(check: PluginPlan) -> str:
    """Return what *check* looks at, so that it can be repeated by hand."""
    options = check.options
    if check.kind == "http":
        url = str(options.get("url", "")).partition("?")[0]
        return re.sub("//[^/]*@", "//", url)  # a name and password are not shown
    if check.kind == "tcp":
        return f"{options.get('host', '127.0.0.1')}:{options.get('port')}"
    named = (options.get(key) for key in ("job", "file", "path", "host", "baseline"))
    return str(next(filter(None, named), ""))


def worst(states: list[str]) -> str:
    """Return the worst of *states*; ``unknown`` when there is none."""
    return next((s for s in WORST_FIRST if s in states), "unknown")


def plain(entry: dict[str, Any]) -> list[str]:
    """Return a target as tab-separated lines, one per check, for awk."""
    return [
        "\t".join(
            (
                entry["name"],
                entry["state"],
                one["name"],
                one["code"],
                f"{one.get('response_s', one['duration_s']) * 1000:.1f}ms",
                one["asked"],
                one["detail"],
            )
        )
        for one in entry["checks"]
    ]


def dict_of_timeouts(chosen: Chosen) -> dict[str, float]:
    """Return the deadline of each target, which Nagios draws as the upper end."""
    return {target.name: target.timeout for target, _ in chosen}


def nagios_line(
    entries: list[dict[str, Any]], state: str, ends: dict[str, float]
) -> str:
    """Return the one line of a Nagios plugin, performance figures after the bar."""
    told = "; ".join(_in_words(entry) for entry in entries)
    many = len(entries) > 1
    figures = " ".join(
        f"'{entry['name']}.{one['name']}'={one['duration_s']:.4f}s;;;0;"
        f"{ends[entry['name']]:g}"
        if many
        else f"{one['name']}={one['duration_s']:.4f}s;;;0;{ends[entry['name']]:g}"
        for entry in entries
        for one in entry["checks"]
    )
    # A bar in the text would begin the figures.
    return f"AGENT2 {NAGIOS_WORDS[state]} - {told.replace('|', '/')} | {figures}"


def _in_words(entry: dict[str, Any]) -> str:
    bad = [c for c in entry["checks"] if c["outcome"] != "ok" or c["code"] != "ok"]
    told = ", ".join(f"{c['name']} {c['code']}: {c['detail']}" for c in bad)
    return f"{entry['name']} {entry['state']}" + (f": {told}" if told else "")
