"""``agent2 config``: what the compiler says of a configuration, and changes in it.

The compiler is a program of its own, so that the libraries that read a
configuration never weigh on this one.
"""

from __future__ import annotations

import os
import subprocess

import click

from agent2.cli import settings as paths
from agent2.cli.codes import INTERNAL
from agent2.cli.command import Group, with_settings
from agent2.cli.life import program as programs
from agent2.cli.settings import Settings
from agent2.cli.words import say

_LAZY = {"set": "agent2.cli.configuration.config_set:set_value"}


SECTIONS = (
    *("defaults", "targets", "notifiers", "routes", "alert_texts", "restarter", "web"),
    *("log", "events", "store", "telemetry", "metrics", "observability", "evidence"),
    "otlp",  # the documents' name of telemetry
)


def compile_with(settings: Settings, *asked: str) -> int:
    """Run the compiler with *asked*; its words go where ours go. Return its code."""
    argv = [paths.python(), "-I", paths.COMPILER, *settings.arguments(), *asked]
    code = subprocess.run(argv, check=False).returncode
    return code if code >= 0 else INTERNAL


config = Group("config", lazy=_LAZY, help=say("help.config"))


@config.command(help=say("help.config.check"))
@click.argument("files", nargs=-1, metavar="[FILE]...")
@with_settings
def check(settings: Settings, files: tuple[str, ...]) -> int:
    """Check a configuration, or each of *files*, and print every problem."""
    if not files:
        programs.adopt(settings)
        return compile_with(settings, "--check")
    codes = []
    for settings.config in files:
        codes.append(compile_with(settings, "--check"))
    return max(codes)


@config.command(help=say("help.config.validate"))
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.pass_context
def validate(ctx: click.Context, files: tuple[str, ...]) -> int:
    """Check as ``check`` does, and say the documents' words when all is well."""
    code: int = ctx.invoke(check, files=files)
    if not code:
        click.echo("Config OK")
    return code


@config.command(help=say("help.config.show"))
@click.option("--json", "as_json", is_flag=True, help=say("option.json"))
@click.option("--origin", is_flag=True, help=say("option.origin"))
@click.argument("section", required=False, type=click.Choice(SECTIONS))
@with_settings
def show(settings: Settings, as_json: bool, origin: bool, section: str | None) -> int:
    """Print what counts after profile, file, environment and command line.

    *origin* is what is told in any case, in notes or under ``origins``.
    """
    del origin
    programs.adopt(settings)
    asked = ["--show", *(["--json"] if as_json else [])]
    if section:
        asked += ["--part", "telemetry" if section == "otlp" else section]
    return compile_with(settings, *asked)


@config.command(help=say("help.config.schema"))
@with_settings
def schema(settings: Settings) -> int:
    """Print the JSON Schema of the configuration."""
    path = os.path.join(paths.PACKAGE, "schemas", "config.json")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            click.echo(file.read(), nl=False)
        return 0
    return compile_with(settings, "--schema")
