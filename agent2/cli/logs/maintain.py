"""``agent2 maintain logs``: old logs go, as the guide's ``log_cleanup.sh`` wants."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Group, settings
from agent2.cli.errors import Failure
from agent2.cli.logs.reading import followed
from agent2.cli.records import print_json
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.core.value import as_dict
from agent2.logs.cleaning import Old, old_logs, removed

_NAMES = ("*.log", "*.log.gz")

maintain = Group("maintain", help=say("help.maintain"))


@maintain.command("logs", short_help=say("command.maintain.logs"))
@click.option(
    "--days", type=click.IntRange(1), default=30, help=say("option.logs_days")
)
@click.option(
    "--in",
    "folders",
    multiple=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False),
    help=say("option.logs_in"),
)
@click.option("--name", "names", multiple=True, metavar="GLOB", help=say("option.glob"))
@click.option("--dry-run", is_flag=True, help=say("option.logs_dry"))
@click.option("--json", "as_json", is_flag=True, help=say("option.json"))
@click.pass_context
def logs(
    ctx: click.Context,
    days: int,
    folders: tuple[str, ...],
    names: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Remove old logs, or list them."""
    found = []
    for old, fd in _old(settings(ctx), days, folders, names):
        why = old.why
        if not why and not dry_run:
            why = removed(old, fd)
        found.append((old, why))
        if not as_json:
            done = say("maintain.goes") if dry_run else say("maintain.gone")
            fate = why or done
            click.echo(f"{visible(old.path)}\t{old.size}\t{old.days} d\t{fate}")
    if as_json:
        rows: list[dict[str, Any]] = [
            as_dict(old) | {"why": why, "removed": not why and not dry_run}
            for old, why in found
        ]
        print_json({"schema": "agent2.maintain/1", "dry_run": dry_run, "logs": rows})
    elif not dry_run:
        click.echo(f"Log cleanup completed at {time.strftime('%c')}")
    return codes.IO if not dry_run and any(w != o.why for o, w in found) else codes.OK


def _old(
    given: Settings, days: int, folders: tuple[str, ...], names: tuple[str, ...]
) -> Iterator[tuple[Old, int]]:
    """Yield what is old: in the named folders, or of the logs that are followed."""
    now, known = time.time(), followed(given)
    if folders:
        for folder in folders:
            for old, fd in old_logs(folder, names or _NAMES, days, now, below=True):
                if old.path not in known:
                    yield old, fd
        return
    if not known:
        raise Failure(codes.USAGE, say("maintain.nothing"), say("maintain.name_folder"))
    for path in known:
        folder, name = os.path.split(path)
        if os.path.isdir(folder):
            wanted = (f"{name}[.-]*", *names)
            yield from old_logs(folder, wanted, days, now, below=False)
