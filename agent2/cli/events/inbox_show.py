"""How events and what was decided of them are shown."""

from __future__ import annotations

import json

import click

from agent2.cli import codes
from agent2.cli.errors import Failure
from agent2.cli.events.audit import audit_document, audit_line
from agent2.cli.records import moment, print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store import audits, inbox
from agent2.store.database import Database
from agent2.store.inbox import Row
from agent2.wire.records import event as document


def print_events(found: list[Row], as_json: bool, settings: Settings) -> int:
    """Print events as a list."""
    if as_json:
        print_json({"events": [document(row) for row in found]})
        return codes.OK
    print_rows(
        ("event", "target", "type", "source", "state", "attempts", "received", "cause"),
        [
            (
                row.event.id,
                row.event.subject,
                row.event.type,
                row.event.source,
                row.status,
                row.event.retries,
                moment(row.received_at),
                row.error or None,
            )
            for row in found
        ],
        say("inbox.empty"),
        settings.color,
    )
    return codes.OK


def print_event(db: Database, row: Row, as_json: bool) -> int:
    """Print one event with the audit of its decisions."""
    told = audits.of_event(db, row.event.id)
    if as_json:
        print_json(document(row) | {"audit": [audit_document(one) for one in told]})
        return codes.OK
    for name, worth in document(row).items():
        if worth is not None:
            text = worth if isinstance(worth, str) else json.dumps(worth, default=str)
            click.echo(visible(f"{name}: {text}"))
    click.echo(f"\n{say('inbox.trail')}")
    for one in told:
        click.echo(f"  {visible(audit_line(one))}")
    if not told:
        click.echo(f"  {say('inbox.no_trail')}")
    return codes.OK


def print_subject(
    db: Database, subject: str, limit: int, as_json: bool, settings: Settings
) -> int:
    """Print the events about *subject* and its audit.

    Raises:
        Failure: nothing is known of it.
    """
    found = inbox.listing(db, None, subject, limit)
    told = audits.trail(db, subject, limit)
    if not found and not told:
        message = say("inbox.unknown", id=subject)
        raise Failure(codes.USAGE, message, "agent2 inbox list")
    if as_json:
        events = [document(row) for row in found]
        print_json({"events": events, "audit": [audit_document(one) for one in told]})
        return codes.OK
    print_events(found, as_json, settings)
    click.echo(f"\n{say('inbox.trail')}")
    for one in told:
        click.echo(f"  {visible(audit_line(one))}")
    return codes.OK
