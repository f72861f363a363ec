"""``agent2 events …``: the one door for what happens."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_json
from agent2.cli.errors import Failure
from agent2.cli.events import deciding
from agent2.cli.events.follow import follow
from agent2.cli.events.inbox_show import print_event, print_subject
from agent2.cli.events.verify import verify
from agent2.cli.records import Store, print_json
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.admission import refusal
from agent2.core.events import Event
from agent2.core.text import visible
from agent2.store import inbox
from agent2.store.database import Database

LARGEST = 256 * 1024  # bytes of a payload: an event is a fact, not an archive
_TEST = "TEST_EVENT"


@click.group(cls=Group, help=say("help.events"), invoke_without_command=True)
@click.option("--follow", "follows", is_flag=True, help=say("help.events.follow"))
@click.pass_context
def events(ctx: click.Context, follows: bool) -> Any:
    """Hold the sub-commands; ``--follow`` is one of them too."""
    if ctx.invoked_subcommand is not None:
        return None
    if follows:
        return ctx.invoke(follow)
    raise click.exceptions.NoArgsIsHelpError(ctx)


events.add_command(follow)
events.add_command(verify)


@events.command(help=say("help.events.push"))
@click.option("--type", "kind", required=True, help=say("option.type"))
@click.option("--subject", required=True, help=say("option.subject"))
@click.option("--id", "event_id", default="", help=say("option.event_id"))
@click.option("--payload", default="{}", help=say("option.payload"))
@click.option("--at", default="", help=say("option.at"))
@click.option("--no-wait", is_flag=True, help=say("option.no_wait"))
@with_json
def push(settings: Settings, /, as_json: bool, no_wait: bool, **given: str) -> None:
    """Put one event into the inbox."""
    event = Event(
        id=given["event_id"],
        source="eventbus",
        subject=given["subject"],
        type=given["kind"],
        at=_time(given["at"]),
        payload=_payload(given["payload"]),
    )
    why = refusal(event)
    if why is not None:
        message = say("events.refused", why=visible(why))
        raise Failure(codes.USAGE, message, "agent2 events push --help")
    with Store(settings, create=True) as db:
        found = inbox.admit(db, [event], time.time())
        event_id, is_new = (found.new or found.known)[0].id, bool(found.new)
        row = inbox.get(db, event_id)
        if not is_new:
            deciding.warn_known(settings, event_id, event.subject)
        if is_new and not no_wait:
            row = _judged(settings, db, event_id) or row
        decision = deciding.decision(db, event_id)
    if as_json:
        state = row.status if row else None
        tree = {"event_id": event_id, "new": is_new, "status": state}
        print_json(tree | {"decision": decision})
    else:
        click.echo(visible(_told(event_id, is_new, row, decision)))


def _judged(settings: Settings, db: Database, event_id: str) -> inbox.Row | None:
    """Return the decided event; a refused configuration is no fault of the sender."""
    try:
        return deciding.decided(settings, db, event_id)
    except Failure as failure:
        click.echo(f"agent2: {failure.message}", err=True)
        return None


def _told(
    event_id: str,
    is_new: bool,
    row: inbox.Row | None,
    decision: dict[str, Any] | None,
) -> str:
    if not is_new:
        return say("events.known", id=event_id)
    if row is None or row.status in ("pending", "processing"):
        return say("events.waits", id=event_id)
    if row.status == "failed":
        return say("events.failed", id=event_id, why=row.error)
    if decision is None:
        return say("events.no_decision", id=event_id, type=row.event.type)
    ruling, why = decision.get("decision_type"), decision.get("reason")
    return say(
        "events.decided", id=event_id, type=row.event.type, ruling=ruling, reason=why
    )


def _payload(given: str) -> dict[str, Any]:
    text = given
    if given == "-":
        text = sys.stdin.buffer.read(LARGEST + 1).decode("utf-8", "replace")
    if len(text.encode("utf-8", "replace")) > LARGEST:
        message = say("events.too_long", limit=LARGEST)
        raise Failure(codes.USAGE, message, "agent2 events push --help")
    try:
        tree = json.loads(text)
        if not isinstance(tree, dict):
            raise TypeError(type(tree).__name__)
        json.dumps(tree, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        message = say("events.payload", why=visible(str(error)))
        raise Failure(codes.USAGE, message, say("events.try_payload")) from None
    return tree


def _time(given: str) -> float:
    """Return epoch seconds of an RFC 3339 time with offset; now for ""."""
    if not given:
        return time.time()
    from datetime import datetime

    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        message = say("events.time", given=visible(given))
        raise Failure(codes.USAGE, message, say("events.try_time"))
    return found.timestamp()


@events.command("test", help=say("help.events.test"))
@click.option(
    "--timeout", type=click.FloatRange(0.0), default=5.0, help=say("option.timeout")
)
@with_json
def trial(settings: Settings, timeout: float, as_json: bool) -> int:
    """Send one event the whole way and look that it arrives."""
    unique = f"test-{os.urandom(16).hex()}"
    begun, at = time.monotonic(), time.time()
    event = Event(unique, "eventbus", "agent2", _TEST, at, {"test": True})
    with Store(settings, create=True) as db:
        inbox.admit(db, [event], time.time())
        row = deciding.decided(settings, db, unique, timeout)
    spent = round(time.monotonic() - begun, 3)
    done = row is not None and row.status == "completed"
    if as_json:
        state = row.status if row else "pending"
        tree = {"event_id": unique, "source": "eventbus", "status": state}
        print_json(tree | {"seconds": spent})
        return codes.OK if done else codes.FAILED
    if done:
        click.echo(say("events.tested", id=unique, seconds=spent))
        return codes.OK
    if row is not None:
        message = say("events.failed", id=unique, why=row.error)
    else:
        message = say("events.silent", id=unique, seconds=timeout)
    raise Failure(codes.FAILED, message, typed("inbox doctor", settings))


@events.command(help=say("help.events.show"))
@click.argument("name", metavar="ID|SUBJECT")
@click.option("--limit", type=click.IntRange(1), default=100, help=say("option.limit"))
@with_json
def show(settings: Settings, name: str, limit: int, as_json: bool) -> int:
    """Show an event or all events of a subject."""
    with Store(settings) as db:
        row = inbox.get(db, name)
        if row is not None:
            return print_event(db, row, as_json)
        return print_subject(db, name, limit, as_json, settings)
