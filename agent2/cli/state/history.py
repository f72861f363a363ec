"""``agent2 history TARGET``: what was found of it, by the hour or look by look."""

from __future__ import annotations

import time

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.records import Store, moment, print_json, print_rows
from agent2.cli.reports.parts import percent
from agent2.cli.settings import Settings
from agent2.cli.span import span
from agent2.cli.state.machine import duration
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.core.uptime import Bucket, judged, percentile, trusted, uptime
from agent2.store import history as raw_rows
from agent2.store import history_view
from agent2.store.codec import count as whole
from agent2.wire.records import point
from agent2.wire.report import seen

_MOST = 100_000
_MINUTE = 60


@click.command(cls=Command, help=say("help.history"))
@click.argument("target")
@click.option("--since", default="24h", metavar="SPAN", help=say("option.period_day"))
@click.option("--every", default="1h", metavar="SPAN", help=say("option.every"))
@click.option("--raw", is_flag=True, help=say("option.raw"))
@with_json
def history(
    settings: Settings, target: str, since: str, every: str, raw: bool, as_json: bool
) -> None:
    """Print what was found of one target, oldest first."""
    now = time.time()
    begin, width = now - span(since), whole(span(every, "--every"))
    if not width or width % _MINUTE:
        message = say("report.every", given=visible(every))
        raise Failure(codes.USAGE, message, "agent2 history TARGET --every 5m")
    if raw:
        _looks(settings, target, begin, as_json)
        return
    hold = _hold(settings, target)
    with Store(settings) as db:
        found = history_view.series(db, target, begin, now, width, hold)
    if as_json:
        rows = [
            {"at": moment(at)} | seen(one, _inside(at, width, begin, now))
            for at, one in found
        ]
        print_json({"target": target, "every_s": width, "history": rows})
        return
    print_rows(
        ("time", "uptime", "judged", "down", "p50", "p95", "looks"),
        [_row(at, one, _inside(at, width, begin, now)) for at, one in found],
        say("history.none", target=visible(target)),
        settings.color,
    )


def _inside(at: int, width: int, begin: float, end: float) -> float:
    """Return how many seconds of a bucket lie in the time that was asked for."""
    return min(at + width, end) - max(at, begin // _MINUTE * _MINUTE)


def _row(at: int, one: Bucket, width: float) -> tuple[object, ...]:
    return (
        moment(at),
        percent(uptime(one)),
        percent(judged(one, width)),
        duration(one.down_ms / 1000),
        _ms(percentile(one, 0.5)),
        _ms(percentile(one, 0.95)),
        one.looks,
    )


def _looks(settings: Settings, target: str, begin: float, as_json: bool) -> None:
    with Store(settings) as db:
        newest = raw_rows.recent(db, target, _MOST)
    found = [one for one in newest if one.at >= begin]
    if as_json:
        print_json({"target": target, "points": [point(one) for one in found]})
        return
    print_rows(
        ("time", "found", "cause", "took"),
        [(moment(p.at), p.verdict, p.code, _ms(p.response_s)) for p in found],
        say("history.none", target=visible(target)),
        settings.color,
    )


def _hold(settings: Settings, target: str) -> float:
    """Return for how many seconds a verdict of *target* is trusted.

    Raises:
        Failure: there is no such target.
    """
    for one in obtain(settings).targets:
        if one.name == target:
            return trusted(one.interval, one.timeout)
    message = say("error.no_target", name=visible(target))
    raise Failure(codes.USAGE, message, "agent2 status")


def _ms(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds * 1000:.1f} ms"
