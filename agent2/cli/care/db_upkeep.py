"""``agent2 db upkeep``: what is due now, as the watcher has it done by itself."""

from __future__ import annotations

import os
import time

import click

from agent2.cli import codes
from agent2.cli.care.copying import refusals
from agent2.cli.command import Command, with_json
from agent2.cli.configuration.plans import keep
from agent2.cli.errors import Failure
from agent2.cli.records import print_json
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.host.instance import LockedError
from agent2.plan import sources, stored
from agent2.upkeep import main as program


@click.command("upkeep", cls=Command, help=say("help.db.upkeep"))
@with_json
def upkeep(settings: Settings, as_json: bool) -> int:
    """Do what is due; 1 when something of it failed."""
    now = time.time()
    try:
        with refusals():
            if not os.path.exists(settings.path(sources.PLAN_NAME)):
                keep(settings)
            done = program.run(settings.state_dir, now, now)
    except LockedError as error:
        message = say("db.upkeep_runs", pid=error.pid)
        raise Failure(codes.LOCKED, message, say("try.later")) from None
    except stored.PlanError as error:
        raise Failure(
            codes.CONFIG, visible(str(error)), "agent2 config check"
        ) from None
    if as_json:
        said = [text for _level, text in done.said]
        print_json({"done": done.did, "failed": done.failed, "said": said})
    else:
        lines = [*done.did, *(text for _level, text in done.said)]
        lines += [f"{job}: {why}" for job, why in done.failed.items()]
        click.echo("\n".join(map(visible, lines)) or say("db.upkeep_nothing"))
    return codes.FAILED if done.failed else codes.OK
