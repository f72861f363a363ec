"""``agent2 incidents list | show``: what went wrong, when, and what was done."""

from __future__ import annotations

import time

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_json
from agent2.cli.errors import Failure
from agent2.cli.records import Store, moment, print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.state.machine import duration
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store import actions, journal, outbox
from agent2.store import incidents as records
from agent2.store.incidents import Incident
from agent2.store.journal import Entry
from agent2.wire.records import incident as document
from agent2.wire.records import length, whole

_TIMES = ("at", "opened_at", "lines")  # the line begins with the time; they follow it
_MOST = 1000  # journal entries of one incident that are looked at


_LAZY = {
    "ack": "agent2.cli.people.incidents:ack",
    "unack": "agent2.cli.people.incidents:unack",
    "resolve": "agent2.cli.people.incidents:resolve",
    "close": "agent2.cli.people.incidents:resolve",
}


incidents = Group("incidents", lazy=_LAZY, help=say("help.incidents"))


@incidents.command("list", help=say("help.incidents.list"))
@click.argument("target", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, help=say("option.limit"))
@click.option("--open", "only_open", is_flag=True, help=say("option.open"))
@with_json
def listing(
    settings: Settings, target: str | None, limit: int, only_open: bool, as_json: bool
) -> None:
    """List the latest incidents, newest first."""
    now = time.time()
    with Store(settings) as db:
        found = (
            list(reversed(records.open_ones(db)))[:limit]
            if only_open
            else records.latest(db, limit, target)
        )
    if only_open and target:
        found = [one for one in found if one.target == target]
    if as_json:
        print_json({"incidents": [document(one, now) for one in found]})
    else:
        print_rows(
            ("id", "target", "opened", "age", "closed", "detail"),
            [_row(one) for one in found],
            say("incidents.none"),
            settings.color,
        )


def _row(one: Incident) -> tuple[object, ...]:
    return (
        one.id,
        one.target,
        moment(one.opened_at),
        duration(length(one, time.time())),
        moment(one.resolved_at),
        f"{one.code}: {one.detail}",
    )


@incidents.command("show", help=say("help.incidents.show"))
@click.argument("incident")
@with_json
def show(settings: Settings, incident: str, as_json: bool) -> None:
    """Show one incident as a timeline."""
    with Store(settings) as db:
        found = records.get(db, incident)
        if found is None:
            message = say("incidents.unknown", id=incident)
            raise Failure(codes.USAGE, message, "agent2 incidents list")
        entries = journal.read(db, limit=_MOST, incident=incident)
        done = actions.of_incident(db, incident)
        told = outbox.of_incident(db, incident)
    tree = whole(found, time.time(), entries, done, told)
    if as_json:
        print_json(tree)
        return
    about = f"{found.id}  {found.target}  {found.code}: {found.detail}"
    click.echo(visible(about))
    ended = moment(found.resolved_at) or "..."
    spent = f"{say('incidents.duration')} {duration(length(found, time.time()))}"
    click.echo(f"{moment(found.opened_at)} - {ended}  {spent}")
    if found.acked_at is not None:
        values = {"who": visible(found.acked_by), "why": visible(found.acked_why)}
        click.echo(say("incidents.acked", at=moment(found.acked_at), **values))
    click.echo(f"\n{say('incidents.timeline')}")
    for entry in entries:
        click.echo(f"  {visible(_event(entry, found.opened_at))}")
        for line in entry.body.get("lines", ()):
            click.echo(f"    {visible(str(line))}")
    click.echo(f"\n{say('incidents.told')}")
    if not told:  # the timeline tells of alerts, whether or not anybody wants them
        click.echo(f"  {say('incidents.told_none')}")
    for one in tree["deliveries"]:
        cause = f" ({one['cause']}) {one['detail']}" if one["cause"] else ""
        line = f"{one['notifier']}: {one['kind']} {one['state']}{cause}"
        click.echo(f"  {visible(line)}")


def _event(entry: Entry, start: float) -> str:
    body = " ".join(
        f"{name}={worth}"
        for name, worth in entry.body.items()
        if worth not in ("", None) and name not in _TIMES
    )
    return f"{moment(entry.at)}  {entry.at - start:+8.3f} s  {entry.kind}  {body}"
