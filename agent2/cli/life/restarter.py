"""``agent2 restarter``: the life of the program that carries restarts out (Agent1)."""

from __future__ import annotations

import click

from agent2.cli.command import Command, Group
from agent2.cli.command import settings as shared
from agent2.cli.life import program as programs
from agent2.cli.life.beside import tell
from agent2.cli.life.lifecycle import become, start_program, stop_program
from agent2.cli.life.program import RESTARTER
from agent2.cli.state.status import lsb_code
from agent2.cli.words import say


@click.group(cls=Group, help=say("help.restarter"), invoke_without_command=True)
@click.pass_context
def restarter(ctx: click.Context) -> None:
    """Become the restarter unless a sub-command says otherwise."""
    if ctx.invoked_subcommand is None:
        become(RESTARTER, shared(ctx), [])


@restarter.command(cls=Command, help=say("help.restarter.run"))
@click.pass_context
def run(ctx: click.Context) -> None:
    """Become the restarter: same PID."""
    become(RESTARTER, shared(ctx), [])


@restarter.command(cls=Command, help=say("help.restarter.start"))
@click.pass_context
def start(ctx: click.Context) -> int:
    """Start the restarter in the background."""
    return start_program(RESTARTER, shared(ctx))


@restarter.command(cls=Command, help=say("help.restarter.stop"))
@click.pass_context
def stop(ctx: click.Context) -> int:
    """Stop the restarter."""
    return stop_program(RESTARTER, shared(ctx))


@restarter.command(cls=Command, help=say("help.restarter.restart"))
@click.pass_context
def restart(ctx: click.Context) -> int:
    """Stop the restarter if it runs, then start it."""
    stop_program(RESTARTER, shared(ctx))
    return start_program(RESTARTER, shared(ctx))


@restarter.command(cls=Command, help=say("help.restarter.status"))
@click.pass_context
def status(ctx: click.Context) -> int:
    """Tell whether the restarter runs."""
    owner = programs.find(RESTARTER, shared(ctx))
    tell(RESTARTER, owner)
    return lsb_code(owner)
