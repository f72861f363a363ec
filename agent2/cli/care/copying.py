"""What copies (``db backup``) and sets (``backup create``) of the store have in common.

Where they lie, how long they are kept, and how their troubles are told.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.records import CODES
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.plan import sources, stored
from agent2.store import copies
from agent2.store.errors import StoreError

to_folder = click.option("--to", "folder", metavar="DIR", help=say("option.copies"))


def keeping(days: float, told: str) -> Callable[[Any], Any]:
    """Return the option that says for how many days what was made before is kept."""
    return click.option(
        "--keep-days", type=click.FloatRange(1), default=days, help=told
    )


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """Make each trouble of store and copies a Failure with its exit code."""
    try:
        yield
    except StoreError as error:
        what, _, advice = str(error).partition("; ")
        code = CODES.get(error.kind, codes.IO)
        raise Failure(code, visible(what), advice) from None


def place(settings: Settings, named: str | None = None) -> str:
    """Return the folder of sets and copies: *named*, the configured one, or ours."""
    if named:
        return os.path.abspath(named)
    try:
        configured = stored.load(settings.path(sources.PLAN_NAME)).store.backup_folder
    except stored.PlanError:
        configured = ""
    return configured or settings.path("backups")


def known(folder: str) -> list[str]:
    """Return the paths of the copies in *folder*, oldest first; [] if none is there."""
    try:
        return copies.listing(folder)
    except StoreError:
        return []


def stopped(settings: Settings) -> None:
    """Refuse while the watcher runs.

    Raises:
        Failure: it does.
    """
    found = programs.find(programs.WATCHER, settings)
    if found.running:
        message = say("start.already", name=programs.WATCHER.name, pid=found.pid)
        raise Failure(codes.LOCKED, message, typed("stop", settings))
