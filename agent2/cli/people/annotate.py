"""``agent2 annotate TEXT``: something changes now; the report compares with before."""

from __future__ import annotations

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_settings
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.people.spoken import by, word
from agent2.cli.records import Store, moment, print_json
from agent2.cli.settings import Settings
from agent2.cli.span import span
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store import marks


@click.command(cls=Command, help=say("help.annotate"))
@click.argument("text")
@click.option("--target", default="", help=say("option.annotate_target"))
@click.option("--for", "length", default="30m", help=say("option.annotate_for"))
@by
@with_settings
def annotate(
    settings: Settings,
    text: str,
    target: str,
    length: str,
    named: str,
    *,
    as_json: bool,
) -> None:
    """Mark a change."""
    said = word(named, text)
    watch = span(length, "--for")
    if not text.strip() or not watch:
        empty = say("usage.missing", name="TEXT")
        message = say("inbox.since", given=visible(length)) if text.strip() else empty
        raise Failure(codes.USAGE, message, "agent2 annotate 'v1.2' --for 30m")
    if target and target not in (one.name for one in obtain(settings).targets):
        message = say("error.no_target", name=visible(target))
        raise Failure(codes.USAGE, message, "agent2 status")
    with Store(settings, create=True) as db:
        mark = marks.add(db, said, target, watch)
    until = moment(mark.at + watch)
    if as_json:
        about = {"at": moment(mark.at), "what": text, "who": mark.who}
        print_json({"mark": about | {"target": target or None, "until": until}})
    else:
        report = typed("report", settings)
        click.echo(
            say("annotate.done", what=visible(text), until=until, command=report)
        )
