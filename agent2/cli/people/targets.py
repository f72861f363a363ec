"""``agent2 check-now`` and ``restart-target``: a person asks the watcher for a deed."""

from __future__ import annotations

import click

from agent2.cli.command import Command, with_settings
from agent2.cli.people.spoken import by, carried_out, show, why, word
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.store import orders


@click.command("check-now", cls=Command, help=say("help.check_now"))
@click.argument("target", required=False)
@why(required=False)
@by
@with_settings
def check_now(
    settings: Settings, target: str | None, why: str, named: str, *, as_json: bool
) -> int:
    """Have the watcher look at a target now, at all of them when none is named."""
    said, subject = word(named, why), target or "*"
    done = carried_out(settings, orders.CHECK, subject, said, force=False)
    return show(done, as_json=as_json)


@click.command("restart-target", cls=Command, help=say("help.restart_target"))
@click.argument("target")
@why(required=False)
@click.option("--dry-run", is_flag=True, help=say("option.rehearse"))
@click.option("--force", is_flag=True, help=say("option.force_restart"))
@by
@with_settings
def restart_target(
    settings: Settings,
    target: str,
    why: str,
    named: str,
    *,
    dry_run: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Have the watcher restart a target, or say what that would do."""
    if dry_run:
        from agent2.cli.people import rehearsal  # the watcher's own decisions

        return rehearsal.tell(settings, target, as_json=as_json)
    if not why:
        ctx = click.get_current_context()
        asked = next(each for each in ctx.command.params if each.name == "why")
        raise click.MissingParameter(ctx=ctx, param=asked)
    said = word(named, why)
    done = carried_out(settings, orders.RESTART, target, said, force=force)
    return show(done, as_json=as_json)
