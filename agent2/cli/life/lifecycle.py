"""``agent2 run | start | stop | restart``: the watcher's life, and the restarter's."""

from __future__ import annotations

import os
import signal
from typing import NoReturn

import click

from agent2.cli.codes import INTERNAL, IO, LOCKED, OK, PERMISSION
from agent2.cli.command import Command, with_settings
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.life.launch import launch
from agent2.cli.life.program import WATCHER, Program
from agent2.cli.life.started import already, hints, holds, last_config, other_config
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.host import owner as owners
from agent2.host.holder import Process
from agent2.host.owner import Presence

GRACE = 10.0  # seconds between TERM and KILL


@click.command(cls=Command, help=say("help.run"))
@click.option("--foreground", is_flag=True, help=say("option.foreground"))
@with_settings
def run(settings: Settings, foreground: bool) -> None:
    """Become the watcher: same PID, so that any supervisor sees the real one."""
    more = ["--foreground"] if foreground else []
    become(WATCHER, settings, more)


@click.command(cls=Command, help=say("help.start"))
@with_settings
def start(settings: Settings) -> int:
    """Start the watcher in the background, and what goes with it."""
    code = start_program(WATCHER, settings)
    from agent2.cli.life.web_start import go_with

    go_with(settings)
    return code


@click.command(cls=Command, help=say("help.stop"))
@click.option(
    "--timeout", type=click.FloatRange(0), default=GRACE, help=say("option.grace")
)
@with_settings
def stop(settings: Settings, timeout: float) -> int:
    """Stop the watcher, and what goes with it."""
    from agent2.cli.life.web_start import stop_with

    stop_with(settings, timeout)
    return stop_program(WATCHER, settings, timeout)


@click.command(cls=Command, help=say("help.restart"))
@with_settings
def restart(settings: Settings) -> int:
    """Stop the watcher if it runs, then start it."""
    programs.adopt(settings)
    owner = programs.find(WATCHER, settings)
    if owner.running:
        _must_start_again(owner.pid, settings)
    from agent2.cli.life.web_start import go_with, stop_with

    served = stop_with(settings)
    stop_program(WATCHER, settings)
    code = start_program(WATCHER, settings)
    go_with(settings, anyway=served)
    return code


def _must_start_again(pid: int, settings: Settings) -> None:
    """Refuse to stop what could not be started again: somebody must watch."""
    from agent2.cli.configuration.plans import obtain

    try:
        obtain(settings)
    except Failure as failure:
        why = failure.message
        message = say("restart.refused", why=why, name=WATCHER.name, pid=pid)
        raise Failure(failure.code, message, failure.hint) from None


def become(program: Program, settings: Settings, more: list[str]) -> NoReturn:
    """Replace this process by *program*.

    Raises:
        Failure: it is not installed.
    """
    programs.need_script(program)
    argv = [*programs.argv(program, settings), *more]
    os.execv(argv[0], argv)  # noqa: S606  (no shell is wanted)


def start_program(program: Program, settings: Settings) -> int:
    """Start *program* unless it runs; return 0 when it is up.

    Raises:
        Failure: it did not come up; with the child's own words and exit code.
    """
    owner = programs.find(program, settings)
    if owner.running:
        already(program, settings, owner.pid)
        return OK
    if owner.presence is Presence.FOREIGN:
        raise _foreign(program, settings, owner.pid)
    if owner.presence is Presence.STALE:
        click.echo(say("start.stale", path=settings.path(program.pid_file)))
    click.echo(say("start.begin", name=program.name))
    click.echo(say("start.log", path=settings.path(program.log_file)))
    click.echo(say("start.pid_file", path=settings.path(program.pid_file)))
    last = last_config(settings)
    told = launch(program, settings)
    if told.code == LOCKED:
        owner = programs.find(program, settings)
        if owner.running:
            already(program, settings, owner.pid)
            return OK
        # Somebody looked at the file, which on some systems takes its lock.
        told = launch(program, settings)
    if told.code:
        text = told.text.removeprefix("agent2: ")
        text = text or say("error.ended", code=told.code)
        path = settings.path(program.error_file)
        check = typed("config check", settings, config=True)
        raise Failure(
            told.code,
            say("error.start", name=program.name, why=text),
            say("try.start", path=path, command=check),
        )
    click.echo(say("start.done", name=program.name, pid=told.pid))
    if program is WATCHER:
        holds(settings.sets)
    hints(program, settings)
    if program is WATCHER:
        other_config(last, settings)
    return OK


def _foreign(program: Program, settings: Settings, pid: int) -> Failure:
    path = settings.path(program.pid_file)
    message = say("error.foreign", path=path, pid=pid)
    return Failure(LOCKED, message, f"lsof {path}")


def stop_program(program: Program, settings: Settings, grace: float = GRACE) -> int:
    """Stop *program* if it runs: TERM, wait, KILL; return 0 when it is gone.

    Raises:
        Failure: it is another user's, or it does not even die of KILL.
    """
    path = settings.path(program.pid_file)
    with Process.of(path, program.mark) as process:
        owner = process.owner
        if owner.presence is Presence.FOREIGN:
            raise _foreign(program, settings, owner.pid)
        if owner.presence is Presence.UNREADABLE:
            message = say("error.pid_file", path=path, name=program.name)
            raise Failure(IO, message, f"ls -l {path}")
        if not owner.running:
            stale = owners.remove_stale(path)
            key = "stop.stale" if stale else "stop.not_running"
            click.echo(say(key, name=program.name, path=path))
            return OK
        click.echo(say("stop.begin", name=program.name, pid=owner.pid))
        try:
            _end(program, process, grace)
        except PermissionError:
            message = say("error.not_yours", name=program.name, pid=owner.pid)
            raise Failure(PERMISSION, message, say("try.not_yours")) from None
    owners.remove_stale(path)
    click.echo(say("stop.done", name=program.name))
    return OK


def _end(program: Program, process: Process, grace: float) -> None:
    process.send(signal.SIGTERM)
    process.send(signal.SIGCONT)  # one that is stopped would not hear the other
    if process.gone(grace):
        return
    click.echo(say("stop.kill", name=program.name, seconds=f"{grace:g}"))
    process.send(signal.SIGKILL)
    if not process.gone(GRACE):
        message = say("error.unkillable", name=program.name, pid=process.owner.pid)
        raise Failure(INTERNAL, message, f"ps -o stat,wchan -p {process.owner.pid}")
