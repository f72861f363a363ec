"""``agent2 resources``: what is used now, the series of it, and where it goes."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_json
from agent2.cli.errors import Failure
from agent2.cli.records import Store, moment, print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.span import span
from agent2.cli.state import snapshot
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store import capacity
from agent2.store.capacity import Machine, Outlook, Use
from agent2.store.database import Database

resources = Group("resources", help=say("help.resources"))


@resources.command("show", help=say("help.resources.show"))
@with_json
def show(settings: Settings, as_json: bool) -> None:
    """Print what the running watcher measured last."""
    seen = snapshot.read(settings)
    rows = [
        (target["name"], check["name"], figure, amount)
        for target in seen.entries("targets")
        for check in snapshot.objects(target.get("checks"))
        for figure, amount in dict(check.get("figures") or {}).items()
    ]
    if as_json:
        names = ("target", "check", "figure", "amount")
        found = [dict(zip(names, row, strict=True)) for row in rows]
        print_json({"as_of": seen.tree.get("updated_at"), "figures": found})
        return
    table: list[Sequence[object]] = [(*row[:3], f"{row[3]:.1f}") for row in rows]
    columns = ("target", "check", "figure", "amount")
    print_rows(columns, table, say("resources.none"), settings.color)


@resources.command("export", help=say("help.resources.export"))
@click.option("--target", default="", metavar="NAME", help=say("option.resources"))
@click.option("--disk", default="", metavar="MOUNT", help=say("option.disk"))
@click.option("--since", default="90d", metavar="SPAN", help=say("option.since"))
@with_json
def export(
    settings: Settings, target: str, disk: str, since: str, as_json: bool
) -> None:
    """Print one line for each five minutes, as the user's documents write them."""
    begin = time.time() - span(since)
    with Store(settings) as db:
        of = _machine(db, target)
        mount = _disk(of, disk)
        found = capacity.uses(db, of, mount, begin)
    if as_json:
        uses = [_use(one) for one in found]
        print_json({"target": of.target, "disk": mount, "uses": uses})
    else:
        click.echo("".join(f"{_line(one)}\n" for one in found), nl=False)


@resources.command("forecast", help=say("help.resources.forecast"))
@click.option("--target", default="", metavar="NAME", help=say("option.resources"))
@click.option(
    "--days",
    default=7.0,
    type=click.FloatRange(0.01, 3650),
    metavar="N",
    help=say("option.ahead"),
)
@click.option(
    "--limit",
    default=80.0,
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help=say("option.limit"),
)
@with_json
def forecast(
    settings: Settings, target: str, days: float, limit: float, as_json: bool
) -> None:
    """Print where processor, memory and disks go, and what will be too much."""
    with Store(settings) as db:
        of = _machine(db, target)
        found = capacity.outlooks(db, of, days)
    if not found:
        raise Failure(codes.UNREACHABLE, say("resources.few"), "agent2 resources show")
    if as_json:
        outlooks = [outlook(one, days, limit) for one in found]
        print_json({"target": of.target, "days": days, "outlooks": outlooks})
        return
    for one in found:
        now, then = one.found.current, max(one.found.predicted, 0.0)
        click.echo(visible(f"Current {one.name} usage: {now:.1f}%"))
        click.echo(visible(f"Predicted {one.name} usage ({days:g} days): {then:.1f}%"))
    for one in found:
        if one.found.span < capacity.DAY:
            continue  # of a few minutes any line is steep
        if text := capacity.warning(one, days, limit):
            click.echo(visible(text))
        if full := _full(one):
            day = time.strftime("%Y-%m-%d", time.localtime(full))
            click.echo(visible(say("resources.full", name=one.name, day=day)))
    known = min(one.found.span for one in found) / capacity.DAY
    click.echo(say("resources.span", days=f"{known:.1f}"))


def _full(one: Outlook) -> float | None:
    """Return when a disk is full, where that is within a year."""
    at = one.found.full_at if one.name.startswith("Disk ") else None
    return None if at is None or at > time.time() + 365 * capacity.DAY else at


def _machine(db: Database, target: str) -> Machine:
    known = capacity.machines(db)
    for one in known:
        if not target or one.target == target:
            return one
    if target and known:
        message = say("resources.unknown", name=visible(target))
        raise Failure(
            codes.USAGE, message, say("resources.known", name=known[0].target)
        )
    raise Failure(codes.UNREACHABLE, say("resources.empty"), say("resources.try"))


def _disk(of: Machine, asked: str) -> str:
    if asked and asked not in of.disks:
        message = say("resources.no_disk", name=visible(asked))
        known = visible(", ".join(of.disks))
        raise Failure(codes.USAGE, message, say("resources.disks", names=known))
    return asked or ("/" if "/" in of.disks else (*of.disks, "/")[0])


def _line(one: Use) -> str:
    """Return the line of ``/var/log/resource_usage.log``, in local time as there."""
    at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(one.at))
    amounts = f"CPU:{one.cpu:.1f},Memory:{one.memory:.2f},Disk:{one.disk:.1f}"
    return f"{at},{amounts},Connections:{one.connections}"


def _use(one: Use) -> dict[str, Any]:
    return {
        "at": moment(one.at),
        "cpu": round(one.cpu, 3),
        "memory": round(one.memory, 3),
        "disk": round(one.disk, 3),
        "connections": one.connections,
    }


def outlook(one: Outlook, days: float, limit: float) -> dict[str, Any]:
    """Return one series with its outlook as JSON."""
    full = _full(one)
    return {
        "name": one.name,
        "current": round(one.found.current, 3),
        "predicted": round(one.found.predicted, 3),
        "per_day": round(one.found.per_day, 5),
        "full_at": None if full is None else moment(full),
        "span_days": round(one.found.span / capacity.DAY, 3),
        "warning": capacity.warning(one, days, limit),
    }
