"""``agent2 demo target``: the demo target alone, without anybody who watches it."""

from __future__ import annotations

import click

from agent2.cli import codes
from agent2.cli.command import Command, Group
from agent2.cli.command import settings as shared
from agent2.cli.demo import setup as demo_setup
from agent2.cli.demo.demo import need, start_target
from agent2.cli.life import program as programs
from agent2.cli.words import say
from agent2.demo import control


@click.group(cls=Group, help=say("help.demo.target"))
def target() -> None:
    """Hold the sub-commands."""


@target.command("start", cls=Command, help=say("help.demo.target.start"))
@click.option("--port", type=click.IntRange(0, 65535), help=say("option.port"))
@click.pass_context
def target_start(ctx: click.Context, port: int | None) -> int:
    """Start the demo target alone."""
    settings = shared(ctx)
    programs.make_folder(settings.state_dir)
    start_target(demo_setup.load(settings) or demo_setup.prepare(settings, port))
    return codes.OK


@target.command("stop", cls=Command, help=say("help.demo.target.stop"))
@click.pass_context
def target_stop(ctx: click.Context) -> int:
    """Stop the demo target alone."""
    settings = shared(ctx)
    found = need(settings)
    ended = control.stop(found.pid_file)
    click.echo(say("demo.target.stopped" if ended else "demo.target.none", pid=ended))
    return codes.OK


@target.command("status", cls=Command, help=say("help.demo.target.status"))
@click.pass_context
def target_status(ctx: click.Context) -> int:
    """Tell whether the demo target runs (LSB: 0 or 3)."""
    found = need(shared(ctx))
    process = control.find(found.pid_file)
    if process is None:
        click.echo(say("demo.target.none"))
        return codes.LSB_NOT_RUNNING
    process.close()
    click.echo(say("demo.target_started", url=found.url, pid=process.pid))
    return codes.OK
