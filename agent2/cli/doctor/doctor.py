"""``agent2 doctor``: all that keeps Agent2 itself from its work, and what to do.

It looks and nothing else: no file is written or mended, no program started but the
short-lived compiler, none stopped.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import click

from agent2.cli import codes
from agent2.cli.command import Group
from agent2.cli.command import settings as shared
from agent2.cli.doctor import points
from agent2.cli.doctor.finding import BAD, Case, Finding
from agent2.cli.records import print_json
from agent2.cli.state import snapshot
from agent2.cli.typed import retyped
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.host.clock import stamp

SCHEMA = "agent2.doctor/1"
_LAZY = {
    "host": "agent2.cli.doctor.host:host",
    "scheduler": "agent2.cli.doctor.scheduler:scheduler",
}
_MARKS = {"bad": "!!", "warn": "! "}


@click.group(
    cls=Group, lazy=_LAZY, help=say("help.doctor"), invoke_without_command=True
)
@click.option("--deps", is_flag=True, help=say("option.deps"))
@click.option("--json", "as_json", is_flag=True, help=say("option.json"))
@click.pass_context
def doctor(ctx: click.Context, deps: bool, as_json: bool) -> int | None:
    """Look at everything, unless a sub-command says otherwise."""
    if ctx.invoked_subcommand is not None:
        return None
    settings = shared(ctx)
    case = Case(settings, snapshot.read(settings), time.time())
    found = list(examine(case, deps=deps))
    held = list(points.look(case))
    if as_json:
        told = {"points": [one.tree() for one in held]}
        print_json(document(found, case) | told)
        return code_of(found)
    show(found)
    for one in held:
        said = say("point.pass") if one.held else say("point.fail")
        click.echo(f"{said} {one.name}: {visible(one.text.rstrip('.'))}", nl=False)
        do = "" if one.held else say("point.do", do=retyped(one.do))
        click.echo(visible(do))
    return code_of(found)


def examine(case: Case, *, deps: bool = False) -> Iterator[Finding]:
    """Yield what every look finds, the gravest causes first."""
    from agent2.cli.doctor import (
        configuration,
        files,
        installed,
        keep,
        libraries,
        machine,
        running,
    )

    yield from libraries.look(case, deep=deps)
    yield from configuration.look(case)
    yield from files.look(case)
    yield from machine.look(case)
    yield from keep.look(case)
    yield from running.look(case)
    yield from installed.look(case)


def document(found: list[Finding], case: Case) -> dict[str, object]:
    """Return the findings and figures as JSON."""
    return {
        "schema": SCHEMA,
        "at": stamp(case.now),
        "verdict": verdict(found),
        "findings": [one.tree() for one in found],
        "looked_at": case.facts,
    }


def show(found: Iterable[Finding]) -> None:
    """Print a line for each finding, the gravest first, and one that sums up."""
    lines = sorted(found, key=lambda one: one.level != BAD)
    for one in lines:
        line = say("doctor.line", text=one.text.rstrip(".?"), do=retyped(one.do))
        click.echo(f"{_MARKS[one.level]} {visible(line)}")
    bad = sum(one.level == BAD for one in lines)
    if lines:
        click.echo(say("doctor.sum", bad=bad, warn=len(lines) - bad))
    else:
        click.echo(say("doctor.well"))


def verdict(found: Iterable[Finding]) -> str:
    """Return the word of the worst finding, ``ok`` if there is none."""
    levels = {one.level for one in found}
    return "bad" if BAD in levels else "warn" if levels else "ok"


def code_of(found: Iterable[Finding]) -> int:
    """Return 0, 1 for what may come, 2 for what is not done now."""
    return {"ok": codes.OK, "warn": 1, "bad": 2}[verdict(found)]
