"""``agent2 restarter``: the life of the program that carries restarts out (Agent1)."""

from __future__ import annotations

import click

from agent2.cli.command import Group, with_settings
from agent2.cli.command import settings as shared
from agent2.cli.life import program as programs
from agent2.cli.life.beside import tell
from agent2.cli.life.lifecycle import become, start_program, stop_program
from agent2.cli.life.program import RESTARTER
from agent2.cli.settings import Settings
from agent2.cli.state.status import lsb_code
from agent2.cli.words import say


@click.group(cls=Group, help=say("help.restarter"), invoke_without_command=True)
@click.pass_context
def restarter(ctx: click.Context) -> None:
    """Become the restarter unless a sub-command says otherwise."""
    if ctx.invoked_subcommand is None:
        become(RESTARTER, shared(ctx), [])


@restarter.command(help=say("help.restarter.run"))
@with_settings
def run(settings: Settings) -> None:
    """Become the restarter: same PID."""
    become(RESTARTER, settings, [])


@restarter.command(help=say("help.restarter.start"))
@with_settings
def start(settings: Settings) -> int:
    """Start the restarter in the background."""
    return start_program(RESTARTER, settings)


@restarter.command(help=say("help.restarter.stop"))
@with_settings
def stop(settings: Settings) -> int:
    """Stop the restarter."""
    return stop_program(RESTARTER, settings)


@restarter.command(help=say("help.restarter.restart"))
@with_settings
def restart(settings: Settings) -> int:
    """Stop the restarter if it runs, then start it."""
    stop_program(RESTARTER, settings)
    return start_program(RESTARTER, settings)


@restarter.command(help=say("help.restarter.status"))
@with_settings
def status(settings: Settings) -> int:
    """Tell whether the restarter runs."""
    owner = programs.find(RESTARTER, settings)
    tell(RESTARTER, owner)
    return lsb_code(owner)
