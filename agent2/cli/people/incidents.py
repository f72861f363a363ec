"""``agent2 incidents ack | unack | resolve``: a person takes care of one."""

from __future__ import annotations

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_settings
from agent2.cli.errors import Failure
from agent2.cli.people.spoken import WOKEN, by, carried_out, show, why, word
from agent2.cli.records import Store, print_json
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.host.wake import wake
from agent2.store import incidents, orders, spoken
from agent2.wire.records import incident as document


@click.command(cls=Command, help=say("help.ack"))
@click.argument("incident")
@why(required=False)
@by
@with_settings
def ack(
    settings: Settings, incident: str, why: str, named: str, *, as_json: bool
) -> int:
    """Acknowledge an open incident: nobody is reminded of it any more."""
    return _acked(settings, incident, word(named, why).who, why, as_json, on=True)


@click.command(cls=Command, help=say("help.unack"))
@click.argument("incident")
@why(required=False)
@by
@with_settings
def unack(
    settings: Settings, incident: str, why: str, named: str, *, as_json: bool
) -> int:
    """Take an acknowledgement back: reminders go on."""
    return _acked(settings, incident, word(named, why).who, why, as_json, on=False)


def _acked(
    settings: Settings, name: str, who: str, why: str, as_json: bool, *, on: bool
) -> int:
    said = word(who, why)
    with Store(settings) as db:
        done = (spoken.acknowledge if on else spoken.unacknowledge)(db, name, said)
        found = incidents.get(db, name)
    if found is None:
        message = say("incidents.unknown", id=visible(name))
        raise Failure(codes.USAGE, message, "agent2 incidents list --open")
    if not done:
        over = found.resolved_at is not None
        told = say("ack.over", id=name) if over else say("ack.none", id=name)
        raise Failure(codes.FAILED, visible(told), "agent2 incidents list --open")
    wake(settings.state_dir, WOKEN)
    if as_json:
        print_json({"incident": document(found, said.at)})
    else:
        values = {"id": visible(name), "who": visible(said.who)}
        click.echo(say("ack.done", **values) if on else say("ack.undone", **values))
    return codes.OK


@click.command(cls=Command, help=say("help.resolve"))
@click.argument("incident")
@why(required=True)
@click.option("--force", is_flag=True, help=say("option.force_close"))
@by
@with_settings
def resolve(
    settings: Settings,
    incident: str,
    why: str,
    named: str,
    *,
    force: bool,
    as_json: bool,
) -> int:
    """Close an incident by hand."""
    said = word(named, why)
    done = carried_out(settings, orders.CLOSE, incident, said, force=force)
    return show(done, as_json=as_json)
