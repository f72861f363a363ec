"""``agent2 version``."""

from __future__ import annotations

import json
import platform
import sys

import click

from agent2 import __version__
from agent2.cli.command import Command
from agent2.cli.settings import PACKAGE
from agent2.cli.words import say


@click.command(cls=Command, help=say("help.version"))
@click.option("--json", "as_json", is_flag=True, help=say("option.json"))
def version(as_json: bool) -> None:
    """Print the version of Agent2 and of what it runs on."""
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "interpreter": sys.executable,
        "package": PACKAGE,
    }
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo(
            f"agent2 {__version__} (Python {facts['python']}, {facts['system']})"
        )
