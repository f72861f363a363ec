"""``agent2 report``: uptime, incidents, restarts, notifications, promises of a time."""

from __future__ import annotations

import time
from datetime import datetime

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.records import Store, print_json
from agent2.cli.reports import areas, capacity, changes, checks, logged
from agent2.cli.reports.parts import Part, parts
from agent2.cli.settings import Settings
from agent2.cli.span import span
from agent2.cli.words import say
from agent2.core import slo
from agent2.core.report import Report
from agent2.core.text import visible
from agent2.core.uptime import trusted
from agent2.plan.values import Plan, TargetPlan
from agent2.store.database import Database
from agent2.store.reporting import report as read
from agent2.store.trends import trends
from agent2.wire import snapshot
from agent2.wire.report import document

FORMS = ("md", "html", "json", "csv")
_MINUTE = 60.0


@click.command(cls=Command, help=say("help.report"))
@click.argument("targets", nargs=-1)
@click.option(
    "--period", "--since", "period", metavar="SPAN", help=say("option.period")
)
@click.option("--daily", is_flag=True, help=say("option.daily"))
@click.option("--weekly", is_flag=True, help=say("option.weekly"))
@click.option("--from", "since", metavar="TIME", help=say("option.from"))
@click.option("--to", "till", metavar="TIME", help=say("option.to"))
@click.option("--format", "form", type=click.Choice(FORMS), help=say("option.format"))
@click.option("--slo", "only_slo", is_flag=True, help=say("option.slo"))
@with_json
def report(
    settings: Settings,
    targets: tuple[str, ...],
    period: str | None,
    daily: bool,
    weekly: bool,
    since: str | None,
    till: str | None,
    form: str | None,
    only_slo: bool,
    as_json: bool,
) -> None:
    """Print the report; all targets when none is named."""
    asked = period or ("24h" if daily else "7d" if weekly or not since else None)
    if since and (period or daily or weekly):
        raise Failure(codes.USAGE, say("report.both"), "agent2 report --period 7d")
    begin, end = time_of(asked, since, till, time.time())
    plan = obtain(settings)
    chosen = [_target(plan, name) for name in targets] or list(plan.targets)
    with Store(settings) as db:
        found = gather(db, chosen, begin, end)
        marked = changes.compared(db, chosen, begin, end, time.time())
        more = None
        if (daily or weekly) and not only_slo:
            said = logged.read_all(chosen, end if daily else None)
            more = areas.More(trends(db, begin, end), capacity.rooms(db), said)
    seen = snapshot.read(settings.state_dir)
    slow = checks.slowest(seen, (one.name for one in chosen))
    if as_json or form == "json":
        tree = document(found) | {"slow_checks": slow, "changes": marked}
        print_json(tree if more is None else tree | more.tree())
        return
    sections = list(parts(found, only_slo=only_slo))
    sections += [] if only_slo else [checks.section(slow)]
    if marked and not only_slo:
        sections.append(changes.section(marked))
    if more is not None:
        sections = list(areas.arranged([*sections, *more.sections()]))
    _show(found, sections, form, only_slo=only_slo)


def _show(found: Report, made: list[Part], form: str | None, *, only_slo: bool) -> None:
    from agent2.cli.reports import forms

    if form == "csv":
        text = forms.table(document(found), only_slo=only_slo)
    elif form == "html":
        text = forms.html(found, made)
    else:
        text = forms.markdown(found, made)
    click.echo(text, nl=False)


def gather(
    db: Database, targets: list[TargetPlan], since: float, till: float
) -> Report:
    """Read the report of *targets*."""
    holds = {one.name: trusted(one.interval, one.timeout) for one in targets}
    promises = {one.name: slo.from_tree(one.slo) for one in targets}
    kept = {name: made for name, made in promises.items() if made is not None}
    return read(db, holds, kept, since, till)


def time_of(
    period: str | None, since: str | None, till: str | None, now: float
) -> tuple[float, float]:
    """Return begin (of its minute) and end, not later than *now*, in epoch seconds.

    Raises:
        Failure: they are no times, or in the wrong order.
    """
    end = min(_moment(till), now) if till else now
    begin = end - span(period, "--period") if period else _moment(since or "")
    begin = begin // _MINUTE * _MINUTE
    if not begin < end:
        raise Failure(codes.USAGE, say("report.order"), "agent2 report --period 7d")
    return begin, end


def _moment(given: str) -> float:
    """Return epoch seconds; a time without offset is local."""
    try:
        return datetime.fromisoformat(given.strip()).timestamp()
    except (ValueError, OverflowError, OSError):
        message = say("report.time", given=visible(given))
        raise Failure(codes.USAGE, message, "agent2 report --from 2026-11-01") from None


def _target(plan: Plan, name: str) -> TargetPlan:
    for one in plan.targets:
        if one.name == name:
            return one
    message = say("error.no_target", name=visible(name))
    raise Failure(codes.USAGE, message, "agent2 status")
