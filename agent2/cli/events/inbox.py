"""``agent2 inbox``: what came in, what waits, what failed, and what to do about it."""

from __future__ import annotations

import time

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_json
from agent2.cli.errors import Failure
from agent2.cli.events import deciding
from agent2.cli.events.doctor import doctor
from agent2.cli.events.inbox_show import print_event, print_events
from agent2.cli.records import Store, print_json
from agent2.cli.settings import Settings
from agent2.cli.span import span
from agent2.cli.words import say
from agent2.store import inbox as records
from agent2.store.inbox_view import STATES
from agent2.wire.records import backlog

inbox = Group("inbox", help=say("help.inbox"))


inbox.add_command(doctor)


@inbox.command(help=say("help.inbox.stats"))
@click.option("--since", default="24h", help=say("option.since"))
@with_json
def stats(settings: Settings, since: str, as_json: bool) -> None:
    """Count events, and say how bad it is."""
    now = time.time()
    begin = now - span(since)
    with Store(settings) as db:
        tree = backlog(records.counts(db, now))
        came = records.sources(db, begin)
        refused = records.refused(db)
        decided = records.processed(db, begin)
    tree |= {"since": since, "processed": decided, "sources": came}
    tree["refused"] = refused
    tree["subscribers"] = deciding.listeners(settings)
    if as_json:
        print_json(tree)
        return
    level, share = tree["levels"], f"{tree['failed_rate']:.2%}"
    sources = ", ".join(f"{name} {many}" for name, many in came.items()) or "-"
    lag = tree["oldest_pending_age_seconds"] or 0.0
    lines = (
        say("inbox.pending", count=tree["pending_count"], level=level["backlog"]),
        say("inbox.processing", count=tree["processing_count"]),
        say(
            "inbox.failed",
            count=tree["failed_count"],
            share=share,
            level=level["failed"],
        ),
        say("inbox.completed", count=tree["completed_count"]),
        say("inbox.lag", seconds=f"{lag:.1f}", level=level["lag"]),
        say("inbox.processed", since=since, count=decided),
        say("inbox.sources", since=since, sources=sources),
        say("inbox.refused", count=sum(refused.values())),
        say("inbox.subscribers", count=tree["subscribers"]),
    )
    click.echo("\n".join(lines))


@inbox.command("list", help=say("help.inbox.list"))
@click.option("--state", type=click.Choice(STATES), help=say("option.state"))
@click.option("--subject", help=say("option.of_subject"))
@click.option("--limit", type=click.IntRange(1), default=50, help=say("option.limit"))
@with_json
def listing(
    settings: Settings,
    state: str | None,
    subject: str | None,
    limit: int,
    as_json: bool,
) -> int:
    """List the newest events."""
    with Store(settings) as db:
        found = records.listing(db, state, subject, limit)
    return print_events(found, as_json, settings)


@inbox.command(help=say("help.inbox.failed"))
@click.option("--limit", type=click.IntRange(1), default=50, help=say("option.limit"))
@with_json
def failed(settings: Settings, limit: int, as_json: bool) -> int:
    """List events that failed for good."""
    with Store(settings) as db:
        found = records.listing(db, "failed", None, limit)
    return print_events(found, as_json, settings)


@inbox.command(help=say("help.inbox.show"))
@click.argument("event_id", metavar="ID")
@with_json
def show(settings: Settings, event_id: str, as_json: bool) -> int:
    """Show one event."""
    with Store(settings) as db:
        row = records.get(db, event_id)
        if row is None:
            raise _unknown(event_id)
        return print_event(db, row, as_json)


@inbox.command(help=say("help.inbox.retry"))
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help=say("option.all"))
@with_json
def retry(
    settings: Settings, ids: tuple[str, ...], everything: bool, as_json: bool
) -> None:
    """Queue failed events again."""
    if bool(ids) == everything:
        raise Failure(codes.USAGE, say("inbox.choose"), "agent2 inbox failed")
    with Store(settings) as db:
        for one in ids:
            if records.get(db, one) is None:
                raise _unknown(one)
        count = records.retry(db, None if everything else ids)
    deciding.nudge(settings)
    if as_json:
        print_json({"retried": count})
    else:
        click.echo(say("inbox.retried", count=count))


def _unknown(event_id: str) -> Failure:
    message = say("inbox.unknown", id=event_id)
    return Failure(codes.USAGE, message, "agent2 inbox list")


@inbox.command(help=say("help.inbox.drain"))
@with_json
def drain(settings: Settings, as_json: bool) -> None:
    """Decide all that waits."""
    begun = time.monotonic()
    with Store(settings) as db:
        count = deciding.drain(settings, db, by_hand=True)
    spent = time.monotonic() - begun
    rate = count / spent if spent > 0 else 0.0
    if as_json:
        tree = {"processed": count, "seconds": round(spent, 3)}
        print_json(tree | {"events_per_second": round(rate, 1)})
    else:
        # The words of the runbook, in every language: scripts read them.
        click.echo(f"Processed {count} events in {spent:.2f}s ({rate:.1f} events/s)")
