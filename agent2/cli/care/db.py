"""``agent2 db``: care of the store: copies, cleanup, hourly archive, soundness."""

from __future__ import annotations

import math
import os
import time

import click

from agent2.cli import codes
from agent2.cli.care import copying, db_copies, db_upkeep
from agent2.cli.care.alarm import tell
from agent2.cli.command import Group, with_json
from agent2.cli.records import NAME, Store, print_json
from agent2.cli.settings import Settings
from agent2.cli.state.machine import memory
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.core.value import as_dict
from agent2.store import archive, cleanup, figures, upkeep
from agent2.store.database import Database
from agent2.store.errors import StoreError
from agent2.store.figures import Figures

db = Group("db", help=say("help.db"))


for _command in (db_copies.backup, db_copies.verify, db_copies.restore):
    db.add_command(_command)
db.add_command(db_upkeep.upkeep)


@db.command("cleanup", help=say("help.db.cleanup"))
@click.option(
    "--days",
    type=click.FloatRange(0),
    default=cleanup.EVENT_DAYS,
    help=say("option.event_days"),
)
@click.option(
    "--audit-days",
    type=click.FloatRange(cleanup.AUDIT_DAYS),
    default=cleanup.AUDIT_DAYS,
    help=say("option.audit_days"),
)
@with_json
def clean(settings: Settings, days: float, audit_days: float, as_json: bool) -> None:
    """Delete what is too old."""
    with Store(settings) as store:
        now = time.time()
        gone = cleanup.clean(store, now, days, audit_days)
        upkeep.done(store, "cleanup", now)
    if as_json:
        print_json(as_dict(gone))
    else:
        click.echo(say("db.cleaned", count=gone.events))
        if gone.audits:
            click.echo(say("db.cleaned_audits", count=gone.audits))


@db.command("archive", help=say("help.db.archive"))
@with_json
def archiving(settings: Settings, as_json: bool) -> None:
    """Write the row of this hour, if it is not there, and show it."""
    with Store(settings) as store:
        added = archive.add(store, time.time())
        hour = archive.latest(store, 1)[0]
    if as_json:
        print_json({"added": added, **as_dict(hour)})
    else:
        row: dict[str, object] = {
            "at": hour.timestamp,
            "pending": hour.pending,
            "failed": hour.failed,
            "lag": f"{hour.lag_s:.1f}",
        }
        if added:
            click.echo(say("db.archived", **row))
        else:
            click.echo(say("db.archived_before", **row))


@db.command("check", help=say("help.db.check"))
@with_json
def checking(settings: Settings, as_json: bool) -> int:
    """Look at every page; 1 when something is wrong."""
    found = [visible(line) for line in _problems(settings)]
    tell(settings, "check", found[0] if found else "")
    if as_json:
        print_json({"ok": not found, "problems": found})
    elif found:
        click.echo("\n".join(found))
        click.echo(say("db.unsound"))
    else:
        click.echo(say("db.sound"))
    return codes.FAILED if found else codes.OK


def _problems(settings: Settings) -> list[str]:
    try:
        Database.open(settings.path(NAME), create=False).close()
    except StoreError as error:
        if error.kind == "damaged":
            return [str(error)]
    with Store(settings) as store:  # any other trouble is a Failure there
        found = upkeep.check(store)
        upkeep.done(store, "check", time.time())
        return found


@db.command("vacuum", help=say("help.db.vacuum"))
@click.option("--large", is_flag=True, help=say("option.large"))
@with_json
def vacuum(settings: Settings, large: bool, as_json: bool) -> None:
    """Give empty pages back to the disk."""
    with Store(settings):
        pass  # it is there and ours, or a Failure
    with copying.refusals():
        most = math.inf if large else upkeep.LARGE
        done = upkeep.squeeze(settings.path(NAME), most)
    if as_json:
        print_json(as_dict(done))
    else:
        before, after = memory(done.before), memory(done.after)
        click.echo(say("db.squeezed", before=before, after=after))


@db.command("stats", help=say("help.db.stats"))
@with_json
def stats(settings: Settings, as_json: bool) -> None:
    """Show size, rows, audits, decisions, the trend of a week, the newest copy."""
    with Store(settings) as store:
        found = figures.measure(store, time.time())
    copies = copying.known(copying.place(settings))
    if as_json:
        days = [as_dict(day) for day in found.days]
        print_json({**as_dict(found), "days": days, "copies": copies})
    else:
        click.echo("\n".join(_lines(found, copies)))


def _lines(found: Figures, copies: list[str]) -> list[str]:
    sizes = {k: memory(getattr(found, k)) for k in ("size", "wal", "free")}
    lines = [say("db.size", **sizes)]
    lines += [f"  {name}: {count}" for name, count in found.rows.items()]
    lines.append(say("db.audits", count=found.audits, subjects=found.subjects))
    lines += [f"  {kind}: {count}" for kind, count in found.decisions.items()]
    for day in found.days:
        lag = {"mean": f"{day.lag_mean_s:.1f}", "most": f"{day.lag_most_s:.1f}"}
        lines.append(say("db.day", date=day.date, pending=day.pending_most, **lag))
    newest = os.path.basename(copies[-1]) if copies else "-"
    lines.append(say("db.copies", count=len(copies), newest=newest))
    return [visible(line) for line in lines]
