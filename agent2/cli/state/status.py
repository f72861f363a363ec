"""``agent2 status`` and ``agent2 healthcheck``: what is watched and how it is."""

from __future__ import annotations

import json
import os
import sys
import time
from typing import TYPE_CHECKING

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_settings
from agent2.cli.errors import Failure
from agent2.cli.settings import PACKAGE, Settings
from agent2.cli.state import snapshot
from agent2.cli.state.snapshot import Snapshot
from agent2.cli.words import say
from agent2.host.owner import Owner, Presence

if TYPE_CHECKING:
    from agent2.cli.state.past import Happened


@click.command(cls=Command, help=say("help.status"))
@click.option("--json", "as_json", is_flag=True, help=say("option.json_status"))
@click.option("--all", "table", is_flag=True, help=say("option.status_all"))
@click.option("--exit-code", is_flag=True, help=say("option.exit_code"))
@click.option("--lsb", is_flag=True, help=say("option.lsb"))
@click.option("--since", metavar="SPAN", help=say("option.since_status"))
@click.option("--validate", is_flag=True, help=say("option.validate"))
@with_settings
def status(
    settings: Settings,
    as_json: bool,
    table: bool,
    exit_code: bool,
    lsb: bool,
    since: str | None,
    validate: bool,
) -> int:
    """Show the agent and its targets."""
    seen = snapshot.read(settings)
    if validate:
        return _validate(seen, settings.path(snapshot.STATUS_NAME))
    past = _past(settings, since) if since else None
    if as_json:
        _print_json(seen, past)
    elif table or (not lsb and wants_table(settings.color)):
        from agent2.cli.state.table import show

        show(seen, settings)
    else:
        from agent2.cli.state.plain import lines

        click.echo("\n".join(lines(seen, settings)))
    if past is not None and not as_json:
        from agent2.cli.state.past import lines as told

        click.echo("\n" + "\n".join(told(past)))
    if lsb:
        return lsb_code(seen.owner)
    return codes.NAGIOS[seen.health] if exit_code else codes.OK


@click.command(cls=Command, help=say("help.healthcheck"))
@with_settings
def healthcheck(settings: Settings) -> int:
    """Tell whether the agent itself is well: it runs and its status is fresh."""
    seen = snapshot.read(settings)
    well = seen.fresh and seen.tree.get("status") not in ("error", "stopped")
    click.echo(say("healthcheck.ok" if well else "healthcheck.bad"))
    return codes.OK if well else codes.FAILED


def wants_table(color: str) -> bool:
    """Is the reader a person at a terminal? A pipe gets plain text."""
    return color == "always" or (color == "auto" and sys.stdout.isatty())


def lsb_code(owner: Owner) -> int:
    """Return the exit code of an init script's ``status``."""
    match owner.presence:
        case Presence.RUNNING:
            return codes.LSB_RUNNING
        case Presence.STALE:
            return codes.LSB_DEAD_WITH_PID_FILE
        case Presence.ABSENT:
            return codes.LSB_NOT_RUNNING
        case Presence.UNREADABLE | Presence.FOREIGN:
            return codes.LSB_UNKNOWN


def _validate(seen: Snapshot, path: str) -> int:
    """Hold the file against the published schema: a line for each fault."""
    from agent2.cli.conform import faults
    from agent2.core.text import visible

    if not seen.text:
        raise Failure(codes.UNREACHABLE, seen.trouble, "agent2 start")
    if not seen.tree:
        click.echo(seen.trouble)
        return codes.FAILED
    schema = os.path.join(PACKAGE, "schemas", "status.json")
    with open(schema, encoding="utf-8") as file:
        found = faults(json.loads(seen.text), json.load(file))
    for fault in found:
        click.echo(visible(fault))
    if not found:
        click.echo(say("status.valid", path=path))
    return codes.FAILED if found else codes.OK


def _past(settings: Settings, since: str) -> Happened:
    """Read what happened since then.

    Raises:
        Failure: it is no length of time, or the store cannot be read.
    """
    from agent2.cli.records import CODES
    from agent2.cli.span import span
    from agent2.cli.state.past import happened
    from agent2.store.errors import StoreError

    now = time.time()
    try:
        return happened(settings, now - span(since), now)
    except StoreError as error:
        what, _, advice = str(error).partition("; ")
        code = CODES.get(error.kind, codes.IO)
        raise Failure(code, say("error.store", why=what), advice) from None


def _print_json(seen: Snapshot, past: Happened | None) -> None:
    if not seen.tree:
        raise Failure(codes.UNREACHABLE, seen.trouble, "agent2 start")
    from agent2.cli.records import harmless, print_json

    if past is not None:
        from agent2.cli.state.past import document

        print_json(dict(seen.tree) | {"since": document(past)})
        return
    sys.stdout.write(harmless(seen.text.rstrip("\n")) + "\n")
