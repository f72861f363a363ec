"""``agent2 backup create | hourly | verify | restore``: sets of all that Agent2 is."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import click

from agent2.cli import codes
from agent2.cli.care import backup_restore, backup_set
from agent2.cli.care.alarm import alarmed, written
from agent2.cli.care.copying import keeping, place, refusals, stopped, to_folder
from agent2.cli.command import Group, with_json
from agent2.cli.errors import Failure
from agent2.cli.records import print_json
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store import sets
from agent2.store.guarded import FAILED, VERIFIED

_DAY = 86400.0


backup = Group("backup", help=say("help.backup"))


def _date(now: float) -> str:
    return time.strftime(backup_set.DATE, time.localtime(now))


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    try:
        with refusals():
            yield
    except OSError as error:
        path, why = visible(str(error.filename or "?")), error.strerror or str(error)
        denied = isinstance(error, PermissionError)
        code = codes.PERMISSION if denied else codes.IO
        message = say("error.write", path=path, why=why)
        raise Failure(code, message, say("try.backup")) from None


@backup.command("create", help=say("help.backup.create"))
@to_folder
@keeping(7.0, say("option.keep_sets"))
@with_json
def create(
    settings: Settings, folder: str | None, keep_days: float, as_json: bool
) -> None:
    """Make a set; then let go of sets that are too old."""
    now = time.time()
    root = place(settings, folder)

    def tell(text: str) -> None:
        if not as_json:
            click.echo(text)

    tell(f"Starting backup at {_date(now)}")
    with alarmed(settings, "backup"), _refusals():
        made = backup_set.make(settings, root, now, tell)
        gone = backup_set.retire(root, keep_days * _DAY, now, spare=made.path)
    if as_json:
        print_json({"path": made.path, "files": made.files, "retired": gone})
    tell(f"Backup completed at {_date(time.time())}")
    tell(f"Backup location: {visible(made.path)}")


backup.add_command(create, "daily")  # what the timers call it


@backup.command("hourly", help=say("help.backup.hourly"))
@to_folder
@with_json
def hourly(settings: Settings, folder: str | None, as_json: bool) -> None:
    """Write the store alone, over that of this hour yesterday."""
    now = time.time()
    with alarmed(settings, "backup"), _refusals():
        path = backup_set.hourly(settings, place(settings, folder), now)
    if as_json:
        print_json({"path": path})
    else:
        click.echo(f"Backup completed: {visible(path)}")


@backup.command("verify", help=say("help.backup.verify"))
@click.argument("path", metavar="DIR")
@with_json
def verify(settings: Settings, path: str, as_json: bool) -> int:
    """Hold every file of a set against its manifest and load the store; 0 or 1."""
    found: dict[str, str] = {}
    wrong = ""
    try:
        found = sets.verify(path).files
        backup_restore.try_store(path)
    except backup_restore.TROUBLE as error:
        wrong = backup_restore.reason(error)
    kind, level = (FAILED, "error") if wrong else (VERIFIED, "info")
    written(settings, kind, level, path=path, why=wrong)
    if as_json:
        print_json({"path": path, "ok": not wrong, "files": found, "problem": wrong})
    elif wrong:
        click.echo(visible(wrong))
    else:
        click.echo(say("backup.good", path=visible(path), count=len(found)))
    return codes.FAILED if wrong else codes.OK


@backup.command("restore", help=say("help.backup.restore"))
@click.argument("path", metavar="DIR")
@click.option("--start", "go", is_flag=True, help=say("option.start"))
@with_json
def restore(settings: Settings, path: str, go: bool, as_json: bool) -> None:
    """Put configuration and store of a set back; 1 when they are not as they were."""
    stopped(settings)
    try:
        done = backup_restore.restore(settings, path, time.time())
    except backup_restore.TROUBLE as error:
        message = visible(backup_restore.reason(error).partition("; ")[0])
        hint = typed("backup verify DIR", settings)
        raise Failure(codes.FAILED, message, hint) from None
    if go and not backup_restore.start(settings):
        hint = typed("status", settings)
        raise Failure(codes.FAILED, say("backup.not_well"), hint)
    if as_json:
        print_json({"rows": done.rows, "aside": done.aside, "config": done.config})
        return
    for name, kept in done.aside.items():
        click.echo(say("backup.kept", name=name, path=visible(kept)))
    click.echo(say("db.restored", path=visible(path), rows=sum(done.rows.values())))
    click.echo(f"Disaster recovery completed at {_date(time.time())}")
