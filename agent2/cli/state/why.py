"""``agent2 why``: what is believed of a target, why, what was done, what comes next."""

from __future__ import annotations

from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.errors import Failure
from agent2.cli.records import NAME, print_json
from agent2.cli.settings import Settings
from agent2.cli.state import snapshot, why_past, why_said
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store.errors import StoreError
from agent2.store.glance import Glance
from agent2.wire.snapshot import Snapshot


@click.command(cls=Command, help=say("help.why"))
@click.argument("target", required=False)
@with_json
def why(settings: Settings, target: str | None, as_json: bool) -> None:
    """Tell it in sentences; of all that are not well when none is named."""
    seen = snapshot.read(settings)
    if not seen.tree:
        raise Failure(codes.UNREACHABLE, seen.trouble, "agent2 start")
    told = [_of(entry, seen, settings) for entry in _chosen(seen, target)]
    if as_json:
        print_json({"schema": "agent2.why/1", "fresh": seen.fresh, "targets": told})
        return
    for number, one in enumerate(told):
        lines = [visible(line) for line in one["sentences"]]
        click.echo(("\n" if number else "") + "\n".join(lines))


def _chosen(seen: Snapshot, name: str | None) -> list[dict[str, Any]]:
    """Return the entries asked for: that one, those not well, else the primary.

    Raises:
        Failure: there is no target of that name.
    """
    entries = seen.entries("targets")
    if name is None:
        sick = [one for one in entries if one.get("state") != "ok"]
        first = [one for one in entries if one.get("name") == seen.tree.get("primary")]
        return sick or first
    found = [one for one in entries if one.get("name") == name]
    if not found:
        message = say("error.no_target", name=visible(name))
        raise Failure(codes.USAGE, message, "agent2 status")
    return found


def _of(entry: dict[str, Any], seen: Snapshot, settings: Settings) -> dict[str, Any]:
    """Return what is known of one target, as JSON, with its sentences."""
    past, trouble = why_past.Past(), ""
    try:
        with Glance.at(settings.path(NAME)) as db:
            past = why_past.read(db, str(entry.get("name")), entry.get("incident"))
    except StoreError as error:
        trouble = str(error).partition("; ")[0]
    return {
        "target": entry.get("name"),
        "believed": {
            "state": entry.get("state") if seen.fresh else "unknown",
            **{key: entry.get(key) for key in ("health", "since", "last_check")},
            "consecutive_failures": entry.get("consecutive_failures"),
            "checks": why_said.faults(entry),
            "likely_cause": why_said.failing_above(entry, seen),
        },
        **past.tree(),
        "next": why_said.upcoming(entry, seen),
        "sentences": list(why_said.sentences(entry, seen, past, trouble, settings)),
    }
