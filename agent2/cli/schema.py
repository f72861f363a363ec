"""``agent2 schema``: the published JSON Schemas of what Agent2 reads and writes."""

from __future__ import annotations

import os
import sys

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_settings
from agent2.cli.configuration.config import compile_with
from agent2.cli.settings import PACKAGE, Settings
from agent2.cli.words import say

NAMES = ("status", "config", "restart-signal")


@click.command(cls=Command, help=say("help.schema"))
@click.argument("name", type=click.Choice(NAMES))
@with_settings
def schema(settings: Settings, name: str) -> int:
    """Print one schema."""
    path = os.path.join(PACKAGE, "schemas", f"{name}.json")
    if name == "config" and not os.path.exists(path):
        return compile_with(settings, "--schema")
    with open(path, encoding="utf-8") as file:
        sys.stdout.write(file.read())
    return codes.OK
