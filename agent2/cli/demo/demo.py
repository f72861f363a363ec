"""``agent2 demo``: target, watcher and restarter at work, and a kill to see it all."""

from __future__ import annotations

import time

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_settings
from agent2.cli.command import settings as shared
from agent2.cli.demo import setup as demo_setup
from agent2.cli.demo.setup import Demo
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.life.launch import launch
from agent2.cli.life.lifecycle import stop_program
from agent2.cli.life.program import RESTARTER, WATCHER
from agent2.cli.life.web_start import go_with, stop_with
from agent2.cli.settings import Settings
from agent2.cli.state import snapshot
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.demo import control
from agent2.demo.server import FAULTS

_PATIENCE = 10.0  # seconds until the first good check must have been seen


@click.group(
    cls=Group,
    help=say("help.demo"),
    invoke_without_command=True,
    lazy={"target": "agent2.cli.demo.target:target"},
)
@click.option("--port", type=click.IntRange(0, 65535), help=say("option.port"))
@click.pass_context
def demo(ctx: click.Context, port: int | None) -> int:
    """Start the demo unless a sub-command says otherwise."""
    if ctx.invoked_subcommand is None:
        return start_all(shared(ctx), port)
    return codes.OK


@demo.command(help=say("help.demo.start"))
@click.option("--port", type=click.IntRange(0, 65535), help=say("option.port"))
@with_settings
def start(settings: Settings, port: int | None) -> int:
    """Start target, watcher and restarter."""
    return start_all(settings, port)


def start_all(settings: Settings, port: int | None) -> int:
    """Start what does not run yet, then show what is watched.

    Raises:
        Failure: an agent with another configuration is at work here.
    """
    _refuse_other(settings)
    programs.make_folder(settings.state_dir)
    found = demo_setup.prepare(settings, port)
    settings.config = settings.path(demo_setup.YAML)
    settings.profile = ""
    start_target(found)
    click.echo(say("demo.yaml", path=settings.config))
    for program in (WATCHER, RESTARTER):
        if not programs.find(program, settings).running:
            told = launch(program, settings)
            if told.code:
                message = say("error.start", name=program.name, why=told.text)
                raise Failure(told.code, message, typed("demo stop", settings))
            click.echo(say("start.done", name=program.name, pid=told.pid))
    _wait_for_first(settings)
    go_with(settings)
    from agent2.cli.demo.show import show

    show(settings)
    return codes.OK


def _refuse_other(settings: Settings) -> None:
    seen = snapshot.read(settings)
    path = seen.part("agent", "config", "path") or say("status.defaults")
    if seen.owner.running and path != settings.path(demo_setup.YAML):
        message = say("demo.busy", pid=seen.owner.pid, path=path)
        raise Failure(codes.LOCKED, message, "agent2 demo --state-dir ~/agent2-demo")


def start_target(found: Demo) -> None:
    """Start the demo target unless it runs.

    Raises:
        Failure: it did not come up.
    """
    process = control.find(found.pid_file)
    if process is not None:
        pid = process.pid
        process.close()
    else:
        try:
            pid, _ = control.start(found.port, found.pid_file)
        except control.DemoError as error:
            message = say("demo.target_failed", why=error)
            raise Failure(codes.UNREACHABLE, message, "agent2 demo --port 0") from None
    click.echo(say("demo.target_started", url=found.url, pid=pid))


def _wait_for_first(settings: Settings) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        if snapshot.read(settings).health == "ok":
            return
        time.sleep(0.02)


def need(settings: Settings) -> Demo:
    """Return the demo that was set up here.

    Raises:
        Failure: none was.
    """
    found = demo_setup.load(settings)
    if found is None:
        raise Failure(codes.UNREACHABLE, say("demo.not_running"), "agent2 demo")
    return found


@demo.command(help=say("help.demo.stop"))
@with_settings
def stop(settings: Settings) -> None:
    """Stop all of them; the target last, or the watcher would heal it."""
    found = need(settings)
    stop_with(settings)
    for program in (WATCHER, RESTARTER):
        stop_program(program, settings)
    control.stop(found.pid_file)
    demo_setup.forget(settings)
    click.echo(say("demo.stopped"))


@demo.command(help=say("help.demo.status"))
@with_settings
def status(settings: Settings) -> None:
    """Show what is watched."""
    need(settings)
    from agent2.cli.demo.show import show

    show(settings)


@demo.command(help=say("help.demo.kill"))
@with_settings
def kill(settings: Settings) -> int:
    """Kill the target and show the repair as it happens."""
    from agent2.cli.demo.kill import kill_and_watch

    return kill_and_watch(settings, need(settings))


@demo.command(help=say("help.demo.fault"))
@click.argument("word", type=click.Choice(FAULTS))
@with_settings
def fault(settings: Settings, word: str) -> None:
    """Make the target misbehave."""
    found = need(settings)
    try:
        control.fault(found.port, word)
    except control.DemoError as error:
        message = say("demo.no_target", why=error)
        raise Failure(codes.UNREACHABLE, message, "agent2 demo target start") from None
    click.echo(say("demo.fault", word=word))
