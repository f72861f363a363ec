"""``agent2 supervisor``: the program that judges events, for who wants it resident."""

from __future__ import annotations

import click

from agent2.cli.command import Group, with_settings
from agent2.cli.command import settings as shared
from agent2.cli.life import program as programs
from agent2.cli.life.beside import prepared, tell
from agent2.cli.life.lifecycle import become
from agent2.cli.life.program import SUPERVISOR
from agent2.cli.settings import Settings
from agent2.cli.state.status import lsb_code
from agent2.cli.words import say


@click.group(cls=Group, help=say("help.supervisor"), invoke_without_command=True)
@click.pass_context
def supervisor(ctx: click.Context) -> None:
    """Become the supervisor unless a sub-command says otherwise."""
    if ctx.invoked_subcommand is None:
        become(SUPERVISOR, prepared(shared(ctx)), [])


@supervisor.command(help=say("help.supervisor.run"))
@with_settings
def run(settings: Settings) -> None:
    """Become the supervisor: same PID."""
    become(SUPERVISOR, prepared(settings), [])


@supervisor.command(help=say("help.supervisor.status"))
@with_settings
def status(settings: Settings) -> int:
    """Tell whether a supervisor runs."""
    owner = programs.find(SUPERVISOR, settings)
    tell(SUPERVISOR, owner)
    return lsb_code(owner)
