"""What the commands of people have in common: who says it, why, and what came of it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.errors import Failure
from agent2.cli.events.gate import who
from agent2.cli.records import Store, print_json
from agent2.cli.settings import Settings
from agent2.cli.state import snapshot
from agent2.cli.words import say
from agent2.core.admission import LONGEST
from agent2.core.text import visible
from agent2.host.owner import Presence
from agent2.host.wake import wake
from agent2.store import orders, spoken
from agent2.store.orders import Order
from agent2.store.spoken import Word
from agent2.wire.records import order as document

Decorated = Callable[..., Any]


WOKEN = "people"  # the datagram after which the watcher reads what was said
_PATIENCE = 20.0


def by(command: Decorated) -> Decorated:
    """Add the options that every word of a person has: ``--by``, ``--json``."""
    command = click.option("--json", "as_json", is_flag=True, help=say("option.json"))(
        command
    )
    return click.option("--by", "named", default="", help=say("option.by"))(command)


def why(*, required: bool) -> Callable[[Decorated], Decorated]:
    """Return the option ``--why``."""
    given: dict[str, Any] = {"required": True} if required else {"default": ""}
    return click.option("--why", help=say("option.why"), **given)


def word(named: str, reason: str) -> Word:
    """Return who speaks now, and why.

    Raises:
        Failure: a text that no line could show.
    """
    person = named or who()
    for text in (person, reason):
        if len(text) > LONGEST or not text.isprintable():
            message = say("people.text", most=LONGEST)
            raise Failure(codes.USAGE, message, "--why 'one line'")
    unique = f"cli-{os.urandom(16).hex()}"
    return Word(unique, person, reason, time.time(), "cli")


def carried_out(
    settings: Settings, verb: str, subject: str, given: Word, *, force: bool
) -> Order:
    """Give an order to the watcher and return it with its answer.

    Raises:
        Failure: nobody runs who could carry it out, or it was not taken up in time.
    """
    if snapshot.read(settings).owner.presence is not Presence.RUNNING:
        message = say("stop.not_running", name="Agent2")
        raise Failure(codes.UNREACHABLE, message, "agent2 start")
    order = Order(given.id, verb, subject, given.why, given.who, given.at, force)
    with Store(settings) as db:
        spoken.give(db, order, given.source)
        wake(settings.state_dir, WOKEN)
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = orders.get(db, order.id)
            if found is not None and found.state != orders.WAITING:
                return found
            time.sleep(0.02)
    message = say("order.silent", seconds=f"{_PATIENCE:.0f}")
    raise Failure(codes.UNREACHABLE, message, "agent2 status")


def show(order: Order, *, as_json: bool) -> int:
    """Print what came of *order*; return 0, or 1 when it was refused.

    Raises:
        Failure: it was refused, and people read it.
    """
    done = order.state == orders.DONE
    if as_json:
        print_json({"order": document(order)})
        return codes.OK if done else codes.FAILED
    told = _told(order)
    if not done:
        hint = _HINTS.get(order.answer, "agent2 status")
        raise Failure(codes.FAILED, told, hint)
    click.echo(told)
    return codes.OK


_HINTS = {
    "paused": "agent2 gate list",
    "blocked": "agent2 gate list",
    "failing": "agent2 incidents ack --help",
    "unknown_incident": "agent2 incidents list --open",
    "closed_before": "agent2 incidents list --open",
}


_ANSWERS = (
    *("asked", "checked", "checked_all", "closed", "paused", "blocked", "dry_run"),
    *("in_turn", "under_way", "unknown_target", "failing", "closed_before", "late"),
)


def _told(order: Order) -> str:
    values = {"subject": visible(order.subject), "note": visible(order.note)}
    if order.answer == "unknown_incident":
        return say("incidents.unknown", id=values["subject"])
    everything = (order.answer, order.subject) == ("checked", "*")
    answer = "checked_all" if everything else order.answer
    if answer in _ANSWERS:
        return say(f"order.{answer}", **values)
    return say("order.refused", answer=visible(order.answer), **values)
