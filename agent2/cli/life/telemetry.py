"""``agent2 telemetry``: the program that sends to an OpenTelemetry collector."""

from __future__ import annotations

import json
from typing import Any

import click

from agent2.cli.command import with_json
from agent2.cli.life import program as programs
from agent2.cli.life.beside import becomes, facts, tell
from agent2.cli.life.program import TELEMETRY
from agent2.cli.records import print_json
from agent2.cli.settings import Settings
from agent2.cli.state.status import lsb_code
from agent2.cli.words import say

_FILE = "telemetry_marks.json"
_SIGNALS = ("traces", "logs", "metrics")


telemetry = becomes(TELEMETRY)


@telemetry.command(help=say("help.telemetry.status"))
@with_json
def status(settings: Settings, as_json: bool) -> int:
    """Tell whether it runs, and what it sent."""
    owner, found = programs.find(TELEMETRY, settings), _counts(settings)
    if as_json:
        print_json(facts(owner) | {"signals": found})
        return lsb_code(owner)
    tell(TELEMETRY, owner)
    for signal, each in found.items():
        why = f" ({each['error']})" if each["error"] else ""
        click.echo(say("telemetry.signal", **(each | {"signal": signal, "why": why})))
    if not found:
        click.echo(say("telemetry.never"))
    return lsb_code(owner)


def _counts(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return what the program wrote of each signal; {} if it never did."""
    try:
        with open(settings.path(_FILE), encoding="utf-8") as file:
            tree = json.load(file)
        keys = ("sent", "dropped", "error")
        return {s: {key: tree[s][key] for key in keys} for s in _SIGNALS}
    except (OSError, ValueError, LookupError, TypeError):
        return {}
