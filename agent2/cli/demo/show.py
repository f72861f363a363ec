"""What the demo shows: what is watched, how it is, where it is written."""

from __future__ import annotations

import os

import click

from agent2.cli.settings import Settings
from agent2.cli.state import snapshot
from agent2.cli.state.plain import target_line
from agent2.cli.state.remarks import remarks
from agent2.cli.state.status import wants_table
from agent2.cli.typed import typed
from agent2.cli.words import say

FILES = (
    "agent2_status.json",
    "agent2.log",
    "agent2.pid",
    "restart_signal",
    "agent1_status.json",
    "agent1.log",
)


def show(settings: Settings) -> None:
    """Print targets, checks and results, the files, and what to do next."""
    seen = snapshot.read(settings)
    click.echo(f"\n{say('demo.watched')}:")
    if wants_table(settings.color):
        from agent2.cli.state.table import show as table

        table(seen, settings)
    else:
        for target in seen.entries("targets"):
            click.echo(f"  {target_line(target, fresh=seen.fresh)}")
        for line in remarks(seen, settings):
            click.echo(f"! {line}")
    click.echo(f"\n{say('demo.files')}: {settings.state_dir}")
    for name in FILES:
        mark = " " if os.path.exists(settings.path(name)) else "-"
        click.echo(f"  {mark} {name}")
    click.echo(f"\n{say('demo.next')}:")
    for words, key in (
        ("demo kill", "demo.next_kill"),
        ("demo fault hang", "demo.next_fault"),
        ("status", "demo.next_status"),
        ("demo stop", "demo.next_stop"),
    ):
        click.echo(f"  {typed(words, settings):<40}  # {say(key)}")
