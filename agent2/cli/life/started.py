"""What is said after a start: where to look, and what may surprise."""

from __future__ import annotations

import os
import shlex

import click

from agent2.cli.life import program as programs
from agent2.cli.life.program import Program
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say


def hints(program: Program, settings: Settings) -> None:
    """Print how to follow, stop and show what was started."""
    prefix = program.command.removeprefix("agent2").strip()
    prefix = f"{prefix} " if prefix else ""
    stop_it = typed(f"{prefix}stop", settings)
    show_it = typed(f"{prefix}status", settings)
    click.echo(say("start.hint_log", path=settings.path(program.log_file)))
    click.echo(say("start.hint_stop", command=stop_it))
    click.echo(say("start.hint_status", command=show_it))


def already(program: Program, settings: Settings, pid: int) -> None:
    """Print that it runs, and why that may not be enough."""
    click.echo(say("start.already", name=program.name, pid=pid))
    if program is programs.WATCHER:
        from agent2.cli.state import remarks, snapshot

        if settings.sets:
            click.echo(f"! {say('start.set', command=typed('restart', settings))}")
        seen = snapshot.read(settings)
        if seen.owner.running and not seen.fresh:
            click.echo(f"! {remarks.stale(seen, settings)}")


def holds(sets: tuple[str, ...]) -> None:
    """Print what was ``--set`` on the command line of the watcher and holds."""
    if sets:
        words = " ".join(f"--set {shlex.quote(item)}" for item in sets)
        click.echo(say("start.holds", sets=words))


def last_config(settings: Settings) -> str:
    """Return the file that the last run of the watcher was configured by, or ""."""
    from agent2.plan import sources, stored

    try:
        return stored.load(settings.path(sources.PLAN_NAME)).config_path
    except stored.PlanError:
        return ""


def other_config(last: str, settings: Settings) -> None:
    """Warn of a start that watches something else than the last run did.

    An agent that died was perhaps begun with ``-c``; who starts it again without
    would find it running, and watching the defaults.
    """
    now = settings.config_path
    if not last or last == now or not os.path.exists(last):
        return
    command = f"{typed('restart', settings)} --config {shlex.quote(last)}"
    shown = now or say("status.defaults")
    click.echo(f"! {say('start.other', old=last, new=shown, command=command)}")
