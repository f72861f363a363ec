"""``agent2 demo target``: the demo target alone, without anybody who watches it."""

from __future__ import annotations

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_settings
from agent2.cli.demo import setup as demo_setup
from agent2.cli.demo.demo import need, start_target
from agent2.cli.life import program as programs
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.demo import control

target = Group("target", help=say("help.demo.target"))


@target.command("start", help=say("help.demo.target.start"))
@click.option("--port", type=click.IntRange(0, 65535), help=say("option.port"))
@with_settings
def target_start(settings: Settings, port: int | None) -> None:
    """Start the demo target alone."""
    programs.make_folder(settings.state_dir)
    start_target(demo_setup.load(settings) or demo_setup.prepare(settings, port))


@target.command("stop", help=say("help.demo.target.stop"))
@with_settings
def target_stop(settings: Settings) -> None:
    """Stop the demo target alone."""
    found = need(settings)
    ended = control.stop(found.pid_file)
    click.echo(say("demo.target.stopped" if ended else "demo.target.none", pid=ended))


@target.command("status", help=say("help.demo.target.status"))
@with_settings
def target_status(settings: Settings) -> int:
    """Tell whether the demo target runs (LSB: 0 or 3)."""
    found = need(settings)
    process = control.find(found.pid_file)
    if process is None:
        click.echo(say("demo.target.none"))
        return codes.LSB_NOT_RUNNING
    process.close()
    click.echo(say("demo.target_started", url=found.url, pid=process.pid))
    return codes.OK
