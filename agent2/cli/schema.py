"""``agent2 schema``: the published JSON Schemas of what Agent2 reads and writes."""

from __future__ import annotations

import os
import sys

import click

from agent2.cli import codes
from agent2.cli.command import Command
from agent2.cli.command import settings as shared
from agent2.cli.configuration.config import compile_with
from agent2.cli.settings import PACKAGE
from agent2.cli.words import say

NAMES = ("status", "config", "restart-signal")


@click.command(cls=Command, help=say("help.schema"))
@click.argument("name", type=click.Choice(NAMES))
@click.pass_context
def schema(ctx: click.Context, name: str) -> int:
    """Print one schema."""
    path = os.path.join(PACKAGE, "schemas", f"{name}.json")
    if name == "config" and not os.path.exists(path):
        return compile_with(shared(ctx), "--schema")
    with open(path, encoding="utf-8") as file:
        sys.stdout.write(file.read())
    return codes.OK
