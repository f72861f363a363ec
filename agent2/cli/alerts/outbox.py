"""``agent2 outbox list | retry | drop | stats``: alerts that wait, dead letters."""

from __future__ import annotations

import time
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_json, with_settings
from agent2.cli.errors import Failure
from agent2.cli.records import Store, moment, print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.state.machine import duration
from agent2.cli.words import say
from agent2.core.message import Delivery, DeliveryState
from agent2.host.wake import wake
from agent2.store import outbox as records
from agent2.store.database import Database
from agent2.wire.records import delivery as document
from agent2.wire.records import notifier

_OPEN = (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEAD)
_MOST = 1_000_000


outbox = Group("outbox", help=say("help.outbox"))


@outbox.command("list", help=say("help.outbox.list"))
@click.option("--dead", is_flag=True, help=say("option.dead"))
@click.option("--limit", type=click.IntRange(1), default=100, help=say("option.limit"))
@with_json
def listing(settings: Settings, dead: bool, limit: int, as_json: bool) -> None:
    """List what is not delivered."""
    with Store(settings) as db:
        found = records.listing(db, (DeliveryState.DEAD,) if dead else _OPEN, limit)
    if as_json:
        print_json({"deliveries": [document(one) for one in found]})
    else:
        print_rows(
            ("id", "notifier", "state", "attempts", "age", "next", "cause", "subject"),
            [_row(one) for one in found],
            say("outbox.empty"),
            settings.color,
        )


def _row(one: Delivery) -> tuple[object, ...]:
    waiting = one.state is DeliveryState.PENDING
    return (
        one.id,
        one.notifier,
        one.state.value,
        one.attempts,
        duration(time.time() - one.created_at),
        moment(one.next_at) if waiting else None,
        f"{one.cause.value}: {one.detail}" if one.cause else None,
        one.alert.subject,
    )


@outbox.command("retry", help=say("help.outbox.retry"))
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help=say("option.all"))
@with_settings
def retry(settings: Settings, ids: tuple[str, ...], everything: bool) -> None:
    """Queue dead letters again."""
    _chosen(ids, everything)
    with Store(settings) as db:
        _known(db, ids)
        count = records.retry(db, None if everything else ids, time.time())
    wake(settings.state_dir)
    click.echo(say("outbox.retried", count=count))


@outbox.command("drop", help=say("help.outbox.drop"))
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help=say("option.all"))
@with_settings
def drop(settings: Settings, ids: tuple[str, ...], everything: bool) -> None:
    """Give deliveries up; ``--all`` means the dead letters."""
    _chosen(ids, everything)
    with Store(settings) as db:
        _known(db, ids)
        if everything:
            dead = records.listing(db, (DeliveryState.DEAD,), _MOST)
            ids = tuple(one.id for one in dead)
        count = records.drop(db, ids, time.time())
    click.echo(say("outbox.dropped", count=count))


def _chosen(ids: tuple[str, ...], everything: bool) -> None:
    if bool(ids) == everything:
        raise Failure(codes.USAGE, say("outbox.choose"), "agent2 outbox list --dead")


def _known(db: Database, ids: tuple[str, ...]) -> None:
    for one in ids:
        if records.get(db, one) is None:
            message = say("outbox.unknown", id=one)
            raise Failure(codes.USAGE, message, "agent2 outbox list")


@outbox.command("stats", help=say("help.outbox.stats"))
@with_json
def stats(settings: Settings, as_json: bool) -> None:
    """Count deliveries by notifier and state."""
    with Store(settings) as db:
        counted = records.counts(db)
    now = time.time()
    found = {name: notifier(one, now) for name, one in sorted(counted.items())}
    if as_json:
        print_json({"notifiers": found})
    else:
        rows: list[Any] = [
            (name, state, one[state])
            for name, one in found.items()
            for state in ("pending", "dead", "delivered")
        ]
        columns = ("notifier", "state", "count")
        print_rows(columns, rows, say("outbox.empty"), settings.color)
