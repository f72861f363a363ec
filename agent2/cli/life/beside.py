"""What the commands of all programs beside the watcher have in common."""

from __future__ import annotations

from typing import Any

import click

from agent2.cli.command import Group, with_settings
from agent2.cli.command import settings as shared
from agent2.cli.configuration.plans import keep
from agent2.cli.life.lifecycle import become
from agent2.cli.life.program import Program, make_folder
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.host.owner import Owner


def prepared(settings: Settings) -> Settings:
    """Return *settings*, with the state folder made and the right plan in it.

    Raises:
        Failure: the folder cannot be made, or the configuration is refused.
    """
    make_folder(settings.state_dir)
    keep(settings)
    return settings


def becomes(program: Program) -> Group:
    """Return the command that becomes *program*, bare or by its ``run``: same PID."""
    word = program.stem

    @click.group(word, cls=Group, help=say(f"help.{word}"), invoke_without_command=True)
    @click.pass_context
    def whole(ctx: click.Context) -> None:
        if ctx.invoked_subcommand is None:
            become(program, prepared(shared(ctx)), [])

    @whole.command(help=say(f"help.{word}.run"))
    @with_settings
    def run(settings: Settings) -> None:
        become(program, prepared(settings), [])

    assert isinstance(whole, Group)
    return whole


def facts(owner: Owner) -> dict[str, Any]:
    """Return whether a program runs, as its JSON."""
    return {"running": owner.running, "pid": owner.pid if owner.running else None}


def tell(program: Program, owner: Owner) -> None:
    """Say whether *program* runs."""
    key = "restarter.running" if owner.running else "stop.not_running"
    click.echo(say(key, name=program.name, pid=owner.pid))
