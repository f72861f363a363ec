"""``agent2 db backup | verify | restore``: copies of the store."""

from __future__ import annotations

import contextlib
import os
import time
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.care.alarm import alarmed
from agent2.cli.care.copying import keeping, place, refusals, stopped, to_folder
from agent2.cli.command import Command, with_json
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.records import NAME, print_json
from agent2.cli.settings import Settings
from agent2.cli.state.machine import memory
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.core.value import as_dict
from agent2.store import copies, restoring
from agent2.store.errors import StoreError

_DAY = 86400.0


@click.command("backup", cls=Command, help=say("help.db.backup"))
@to_folder
@keeping(30.0, say("option.keep_days"))
@with_json
def backup(
    settings: Settings, folder: str | None, keep_days: float, as_json: bool
) -> None:
    """Copy the store while it is in use; then let go of copies that are too old."""
    where = place(settings, folder)
    now = time.time()
    with alarmed(settings, "backup"), refusals():
        made = copies.make(settings.path(NAME), where, now)
        gone = copies.retire(where, keep_days * _DAY, now, spare=made.path)
    if as_json:
        print_json({**as_dict(made), "retired": gone})
    else:
        click.echo(f"Backup completed: {visible(made.path)}")
        if gone:
            click.echo(say("db.retired", count=len(gone), days=f"{keep_days:g}"))


@click.command("verify", cls=Command, help=say("help.db.verify"))
@click.argument("paths", nargs=-1, metavar="[FILE|DIR]...")
@with_json
def verify(settings: Settings, paths: tuple[str, ...], as_json: bool) -> int:
    """Prove copies: their checksums, every page; 1 when one is not good."""
    told = [_judge(path) for path in _chosen(settings, paths)]
    if as_json:
        print_json({"copies": told})
    else:
        click.echo("\n".join(visible(one["text"]) for one in told))
    return codes.OK if all(one["ok"] for one in told) else codes.FAILED


def _chosen(settings: Settings, paths: tuple[str, ...]) -> list[str]:
    chosen: list[str] = []
    usual = place(settings)
    with refusals():
        for path in paths or (usual,):
            chosen += copies.listing(path) if os.path.isdir(path) else [path]
    if not chosen or (not paths and not os.path.isdir(usual)):
        where = paths[0] if paths else usual
        hint = typed("db backup", settings)
        raise Failure(codes.IO, say("db.no_copy", path=visible(where)), hint)
    return chosen


def _judge(path: str) -> dict[str, Any]:
    try:
        found = copies.verify(path)
    except StoreError as error:
        return {"path": path, "ok": False, "text": str(error)}
    rows = sum(found.rows.values())
    text = say("db.verified", path=path, size=memory(found.size), rows=rows)
    return {**as_dict(found), "ok": True, "text": text}


@click.command("restore", cls=Command, help=say("help.db.restore"))
@click.argument("path", metavar="FILE|DIR")
@with_json
def restore(settings: Settings, path: str, as_json: bool) -> None:
    """Put a copy (of a folder: the newest good one) in the place of the store."""
    stopped(settings)
    chosen = _newest(settings, path) if os.path.isdir(path) else path
    with refusals():
        programs.make_folder(settings.state_dir)
        done = restoring.restore(chosen, settings.path(NAME), time.time())
    if as_json:
        print_json({**as_dict(done.copy), "aside": done.aside})
        return
    rows = sum(done.copy.rows.values())
    click.echo(say("db.restored", path=visible(chosen), rows=rows))
    if done.aside:
        click.echo(say("db.aside", path=visible(done.aside)))


def _newest(settings: Settings, folder: str) -> str:
    with refusals():
        for path in reversed(copies.listing(folder)):
            with contextlib.suppress(StoreError):
                return copies.verify(path).path
    message = say("db.no_copy", path=visible(folder))
    raise Failure(codes.IO, message, typed("db backup", settings))
