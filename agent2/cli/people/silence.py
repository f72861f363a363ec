"""``agent2 silence add | list | end``: for a time, alerts that match are not sent."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_json, with_settings
from agent2.cli.errors import Failure
from agent2.cli.people.spoken import WOKEN, by, why, word
from agent2.cli.records import Store, moment, print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.span import span
from agent2.cli.words import say
from agent2.core.model import Severity
from agent2.core.silences import Silence, is_over, matches, refusal
from agent2.core.text import visible
from agent2.host.wake import wake
from agent2.plan import sources, stored
from agent2.store import silences as records
from agent2.store import spoken
from agent2.wire.records import silence as document

_SHOWN = 20  # names of targets in a warning


silence = Group("silence", help=say("help.silence"))


@silence.command("add", help=say("help.silence.add"))
@click.argument("target", required=False)
@click.option(
    "--match", "pairs", multiple=True, metavar="NAME=VALUE", help=say("option.match")
)
@click.option("--for", "length", default="", metavar="2h", help=say("option.for"))
@click.option("--until", default="", metavar="TIME", help=say("option.until"))
@why(required=True)
@by
@with_settings
def add(
    settings: Settings,
    target: str | None,
    pairs: tuple[str, ...],
    length: str,
    until: str,
    why: str,
    named: str,
    *,
    as_json: bool,
) -> None:
    """Silence what matches, from now until a time."""
    said = word(named, why)
    match = _match(target, pairs)
    end = _end(length, until, said.at)
    name = f"s-{os.urandom(5).hex()}"
    made = Silence(name, match, said.at, end, said.who, why, said.at)
    wrong = refusal(made)
    if wrong is not None:
        message = say("silence.refused", why=visible(wrong))
        raise Failure(codes.USAGE, message, "agent2 silence add web --for 2h --why x")
    with Store(settings, create=True) as db:
        spoken.silence(db, made, said.source)
    wake(settings.state_dir, WOKEN)
    if as_json:
        print_json({"silence": document(made, said.at)})
    else:
        what, until = _what(match), moment(end) or ""
        click.echo(say("silence.added", what=what, until=until, id=name))
    _warn(settings, made)


def _warn(settings: Settings, made: Silence) -> None:
    """Say where nothing that is watched is silenced: a name may be mistyped."""
    try:
        targets = stored.load(settings.path(sources.PLAN_NAME)).targets
    except stored.PlanError:
        return
    for one in targets:
        for severity in (one.policy.severity, Severity.WARNING):
            if matches(made, one.name, severity, one.labels):
                return
    names = ", ".join(one.name for one in targets[:_SHOWN])
    click.echo(f"agent2: {say('silence.nobody', names=visible(names))}", err=True)


def _match(target: str | None, pairs: tuple[str, ...]) -> dict[str, str]:
    found = {"target": target} if target else {}
    for pair in pairs:
        name, equals, wanted = pair.partition("=")
        if not equals or name in found:
            message = say("silence.match", given=visible(pair))
            raise Failure(codes.USAGE, message, "--match severity=warning")
        found[name] = wanted
    return found


def _end(length: str, until: str, now: float) -> float:
    if bool(length) == bool(until):
        raise Failure(codes.USAGE, say("silence.when"), "--for 2h")
    if length:
        return now + span(length, "--for")
    try:
        then = datetime.fromisoformat(until)
        return then.astimezone().timestamp()  # without an offset: this machine's zone
    except (ValueError, OverflowError):
        message = say("silence.time", given=visible(until))
        raise Failure(codes.USAGE, message, "--until '2026-01-31 14:00'") from None


def _what(match: Mapping[str, str]) -> str:
    return visible(" ".join(f"{name}={wanted}" for name, wanted in match.items()))


@silence.command("list", help=say("help.silence.list"))
@click.option("--all", "everything", is_flag=True, help=say("option.silence_all"))
@with_json
def listing(settings: Settings, *, everything: bool, as_json: bool) -> None:
    """List what is silenced now or soon, by its end."""
    now = time.time()
    with Store(settings) as db:
        found = records.all_of(db) if everything else records.current(db, now)
    if as_json:
        print_json({"silences": [document(one, now) for one in found]})
        return
    print_rows(
        ("id", "match", "until", "who", "reason"),
        [
            (
                one.id,
                _what(one.match),
                moment(one.ended_at or one.until),
                one.who,
                one.why,
            )
            for one in found
        ],
        say("silence.none"),
        settings.color,
    )


@silence.command("end", help=say("help.silence.end"))
@click.argument("name", metavar="ID")
@why(required=False)
@by
@with_settings
def end(settings: Settings, name: str, why: str, named: str, *, as_json: bool) -> None:
    """End a silence now: what it kept back and still stands is told."""
    said = word(named, why)
    with Store(settings) as db:
        before = records.get(db, name)
        found = spoken.end_silence(db, name, said)
    if before is None or found is None:
        message = say("silence.unknown", id=visible(name))
        raise Failure(codes.USAGE, message, "agent2 silence list")
    wake(settings.state_dir, WOKEN)
    if as_json:
        print_json({"silence": document(found, said.at)})
    elif is_over(before, said.at):
        click.echo(say("silence.over", id=visible(name)))
    else:
        click.echo(say("silence.ended", id=visible(name)))
