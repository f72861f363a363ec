"""``agent2 events verify``: is the journal whole, so that a replay misses nothing?"""

from __future__ import annotations

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.errors import Failure
from agent2.cli.records import CODES, NAME, print_json
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.store import journal
from agent2.store.errors import StoreError
from agent2.store.glance import Glance


@click.command(cls=Command, help=say("help.events.verify"))
@with_json
def verify(settings: Settings, as_json: bool) -> int:
    """Walk the numbers of the entries; 0: none is missing and none is there twice."""
    try:
        with Glance.at(settings.path(NAME)) as db:
            found = journal.walk(db)
    except StoreError as error:
        what, _, advice = str(error).partition("; ")
        code = CODES.get(error.kind, codes.IO)
        raise Failure(code, say("error.store", why=what), advice) from None
    torn = bool(found.broken or found.reused)
    facts = {"count": found.count, "first": found.first, "last": found.last}
    if as_json:
        steps = [{"after": after, "next": seq} for after, seq in found.broken]
        print_json(facts | {"reused": found.reused, "broken": steps})
    else:
        click.echo(say("events.walked", **facts))
        for after, seq in found.broken:
            pair = {"after": after, "next": seq}
            is_gap = seq > after
            click.echo(
                say("events.gap", **pair) if is_gap else say("events.double", **pair)
            )
        if found.reused:
            click.echo(say("events.reused", last=found.last))
        click.echo(say("events.torn") if torn else say("events.whole"))
    return codes.FAILED if torn else codes.OK
