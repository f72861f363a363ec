"""``agent2 inbox doctor``: what holds the inbox up, by figures, with what to do."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.records import NAME, Store, print_json
from agent2.cli.settings import Settings
from agent2.cli.span import span
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.host.clock import stamp
from agent2.store import inbox, meta
from agent2.store.database import Database

_LONG_WAIT = 5.0  # seconds of lag from which somebody must ask why
_LATELY = 10.0  # seconds in which who is at work has decided something
_SLOW_COMMIT = 0.5
_SLOW_POLICY = 0.5
_STUCK = 300.0
_ENOUGH = 5  # polled events that make the lack of pushed ones a sign


@click.command(cls=Command, help=say("help.inbox.doctor"))
@click.option("--since", default="1h", help=say("option.since"))
@with_json
def doctor(settings: Settings, since: str, as_json: bool) -> int:
    """Look at the figures and name the cause."""
    with Store(settings) as db:
        tree = examine(db, span(since), time.time())
    tree["since"] = since
    verdict = list(_verdict(tree, settings))
    code = codes.FAILED if verdict else codes.OK
    if as_json:
        print_json(tree | {"verdict": verdict})
        return code
    slowest = tree["slowest"]
    click.echo(say("inbox.arrival", rate=tree["arrival_per_second"], since=since))
    click.echo(say("inbox.rate", rate=tree["decided_per_second"], since=since))
    click.echo(say("inbox.latency", seconds=tree["commit_seconds"]))
    if slowest:
        name = visible(slowest["event_type"])
        click.echo(say("inbox.slowest", name=name, seconds=slowest["seconds"]))
    click.echo("\n".join(verdict or [say("inbox.well")]))
    return code


def examine(db: Database, length: float, now: float) -> dict[str, Any]:
    """Return the figures of the last *length* seconds, as JSON."""
    begun = time.monotonic()
    with db.transaction() as tx:
        meta.put(tx, "inbox.doctor", stamp(now))
    spent = time.monotonic() - begun
    sources = inbox.sources(db, now - length)
    backlog = inbox.counts(db, now)
    held = inbox.listing(db, "processing", None, 1000)
    stuck = sum(_is_stuck(row, now) for row in held)
    return {
        "arrival_per_second": round(sum(sources.values()) / length, 3),
        "decided_per_second": round(inbox.processed(db, now - length) / length, 3),
        "decided_lately_per_second": round(
            inbox.processed(db, now - _LATELY) / _LATELY, 3
        ),
        "commit_seconds": round(spent, 4),
        "slowest": inbox.slowest(db, now - length),
        "sources": sources,
        "pending_count": backlog.pending,
        "failed_count": backlog.failed,
        "stuck_count": stuck,
        "held_count": len(held) - stuck,
        "oldest_pending_age_seconds": backlog.oldest_pending_s,
    }


def _is_stuck(row: inbox.Row, now: float) -> bool:
    if row.lease_until is None:
        return row.received_at < now - _STUCK
    return row.lease_until < now


def _verdict(tree: dict[str, Any], settings: Settings) -> Iterator[str]:
    drain = typed("inbox drain", settings)
    if tree["stuck_count"]:
        yield say("inbox.stuck", count=tree["stuck_count"], command=drain)
    waits = (tree["oldest_pending_age_seconds"] or 0.0) > _LONG_WAIT
    lately = tree["decided_lately_per_second"]
    if waits and not lately and not tree["held_count"]:
        yield say("inbox.waiting", count=tree["pending_count"], command=drain)
    elif waits:
        wait, count = tree["oldest_pending_age_seconds"], tree["pending_count"]
        spent = {"lately": f"{_LATELY:.0f}", "seconds": f"{wait:.0f}"}
        yield say("inbox.behind", count=count, rate=lately, **spent)
    if tree["commit_seconds"] > _SLOW_COMMIT:
        yield say("inbox.slow_store", path=settings.path(NAME))
    slowest = tree["slowest"]
    if slowest and slowest["seconds"] > _SLOW_POLICY:
        yield say("inbox.slow_policy", name=visible(slowest["event_type"]))
    polled = tree["sources"].get("polling", 0)
    if polled >= _ENOUGH and not tree["sources"].get("eventbus"):
        yield say("inbox.degraded", since=tree["since"], count=polled)
    if tree["failed_count"]:
        command = typed("inbox failed", settings)
        yield say("inbox.dead", count=tree["failed_count"], command=command)
