"""``agent2 trace SID``: one incident from its first failure to who was told of it.

With ``--look`` the newest look at a target, whatever it found.
"""

from __future__ import annotations

import json
import time
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.errors import Failure
from agent2.cli.records import Store, moment, print_json
from agent2.cli.settings import Settings
from agent2.cli.state import look, trace_steps
from agent2.cli.state.trace_steps import Step
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store import story
from agent2.store.story import Story
from agent2.wire.records import incident as document
from agent2.wire.trace_ids import trace_id

_LOG = "agent2.log"


@click.command(cls=Command, help=say("help.trace"))
@click.argument("sid")
@click.option("--log/--no-log", "with_log", default=True, help=say("option.trace_log"))
@click.option("--look", "of_look", is_flag=True, help=say("option.trace_look"))
@with_json
def trace(
    settings: Settings, sid: str, with_log: bool, of_look: bool, as_json: bool
) -> None:
    """Print the story of an incident in order, with the times between."""
    if of_look:
        _show_look(look.newest(settings, sid), as_json)
        return
    with Store(settings) as db:
        found = story.read(db, sid)
    if found is None:
        message = say("incidents.unknown", id=sid)
        raise Failure(codes.USAGE, message, "agent2 incidents list")
    steps = trace_steps.of_story(found)
    if with_log:
        since = found.incident.opened_at
        steps += trace_steps.of_log(settings.path(_LOG), found.incident.id, since)
    steps.sort(key=lambda step: step.at)
    if as_json:
        print_json(_document(found, steps))
    else:
        _show(found, steps)


def _show_look(record: dict[str, Any], as_json: bool) -> None:
    steps = look.steps(record)
    if as_json:
        kept = {"sid": record["sid"], "trace_id": record["trace_id"], "look": record}
        print_json(kept | {"steps": _told_steps(steps)})
        return
    click.echo(visible(f"{record['cycle_id']}  {record['health']}"))
    click.echo(f"trace_id {record['trace_id']}")
    _print(steps)


def _document(found: Story, steps: list[Step]) -> dict[str, object]:
    one = found.incident
    return {
        "sid": one.id,
        "trace_id": f"{trace_id(one.id):032x}",
        "incident": document(one, time.time()),
        "steps": _told_steps(steps),
    }


def _told_steps(steps: list[Step]) -> list[dict[str, object]]:
    told: list[dict[str, object]] = []
    last = steps[0].at if steps else 0.0
    for step in steps:
        told.append(
            {
                "at": moment(step.at),
                "since_start_s": round(step.at - steps[0].at, 3),
                "since_previous_s": round(step.at - last, 3),
                "station": step.station,
                "what": step.what,
                "about": step.about,
            }
        )
        last = step.at
    return told


def _show(found: Story, steps: list[Step]) -> None:
    one = found.incident
    click.echo(visible(f"{one.id}  {one.target}  {one.code}: {one.detail}"))
    click.echo(f"trace_id {trace_id(one.id):032x}")
    _print(steps)


def _print(steps: list[Step]) -> None:
    names = {each: say(word) for each, word in trace_steps.STATIONS.items()}
    last = steps[0].at if steps else 0.0
    for step in steps:
        told = " ".join(f"{key}={_told(each)}" for key, each in step.about.items())
        gap, last = step.at - last, step.at
        click.echo(
            visible(
                f"{moment(step.at)}  {step.at - steps[0].at:+9.3f} s"
                f"  {gap:+9.3f} s  {names[step.station]}  {step.what}  {told}".rstrip()
            )
        )


def _told(node: object) -> str:
    if isinstance(node, list):
        return ", ".join(map(_told, node))
    return json.dumps(node, ensure_ascii=False) if isinstance(node, dict) else str(node)
