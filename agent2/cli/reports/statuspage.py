"""``agent2 statuspage export DIR``: a public page as plain files for any web server.

Only targets with ``public: true``; no host, no address, no text of a check. The agent
itself stays where it is: nobody needs to reach it.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import click

from agent2.cli import codes
from agent2.cli.command import Command, Group
from agent2.cli.command import settings as shared
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.records import Store
from agent2.cli.reports import statuspage_forms as forms
from agent2.cli.reports.statuspage_facts import Facts, Part, Trouble
from agent2.cli.span import span
from agent2.cli.words import language, say
from agent2.core.model import Severity
from agent2.core.uptime import trusted, uptime
from agent2.host.files import ensure_dir, remove, write_atomic
from agent2.store import history_view, incidents
from agent2.wire import badge, snapshot

if TYPE_CHECKING:
    from agent2.cli.settings import Settings
    from agent2.plan.values import TargetPlan
    from agent2.store.database import Database
    from agent2.store.incidents import Incident

_DAY = 86400.0
DAYS, KEPT = 90, 14  # days in a row of uptime; days that an incident stays
MOST = 500


@click.group(cls=Group, help=say("help.statuspage"))
def statuspage() -> None:
    """Group the commands of the public page."""


@statuspage.command("export", cls=Command, help=say("help.statuspage.export"))
@click.argument("folder", metavar="DIR")
@click.option("--title", default="", help=say("option.page_title"))
@click.option("--every", metavar="SPAN", help=say("option.page_every"))
@click.pass_context
def export(ctx: click.Context, folder: str, title: str, every: str | None) -> int:
    """Write the page; with *every*, again and again until it is stopped."""
    settings = shared(ctx)
    seconds = span(every) if every else 0.0
    while True:
        shown = write(settings, os.path.abspath(folder), title)
        click.echo(say("page.written", folder=folder, count=shown))
        if not seconds:
            return codes.OK
        time.sleep(max(seconds, 1.0))


def write(settings: Settings, folder: str, title: str) -> int:
    """Write all files of the page; return how many targets it shows."""
    plan = obtain(settings)
    public = [one for one in plan.targets if one.public]
    if not public:
        raise Failure(codes.CONFIG, say("page.none"), "agent2 config set …")
    with Store(settings) as db:
        facts = gather(db, settings, public, title)
    badges = os.path.join(folder, "badge")
    try:
        ensure_dir(badges)
        for name, text in files(facts).items():
            write_atomic(os.path.join(folder, name), text.encode(), sync=False)
        for one in plan.targets:  # one that is public no more leaves nothing behind
            if not one.public:
                remove(os.path.join(badges, f"{one.name}.svg"))
    except OSError as error:
        why = error.strerror or type(error).__name__
        message = say("page.refused", path=error.filename or folder, why=why)
        raise Failure(codes.CANNOT_CREATE, message, "") from None
    return len(public)


def files(facts: Facts) -> dict[str, str]:
    """Return the files of the page by their name."""
    summary = json.dumps(forms.summary(facts), ensure_ascii=False, indent=1)
    made = {
        "index.html": forms.page(facts),
        "style.css": forms.STYLE,
        "summary.json": summary + "\n",
        "feed.atom": forms.feed(facts),
    }
    for one in facts.parts:
        color = badge.COLORS[one.state]
        made[f"badge/{one.name}.svg"] = badge.drawing(one.name, one.state, color)
    return made


def gather(
    db: Database, settings: Settings, public: list[TargetPlan], title: str
) -> Facts:
    """Read what may be told of the targets *public*."""
    now = time.time()
    seen = snapshot.read(settings.state_dir)
    states = {one.get("name"): one.get("state") for one in seen.entries("targets")}
    parts = []
    for one in public:
        state = str(states.get(one.name)) if seen.fresh else "unknown"
        days = _days(db, one, now)
        known = state if state in badge.COLORS else "unknown"
        parts.append(Part(one.name, known, days))
    names = {one.name for one in public}
    troubles = [
        Trouble(row.id, row.target, row.opened_at, row.resolved_at, _meant(row))
        for row in incidents.latest(db, MOST)
        if row.target in names
        and (row.resolved_at is None or row.resolved_at > now - KEPT * _DAY)
    ]
    named = title or say("page.title")
    return Facts(named, language(), now, tuple(parts), tuple(troubles))


def _meant(row: Incident) -> str:
    return "warn" if row.severity is Severity.WARNING else "down"


def _days(db: Database, one: TargetPlan, now: float) -> tuple[float | None, ...]:
    """Return the uptime of each of the last days, oldest first."""
    hold = trusted(one.interval, one.timeout)
    begin = (now // _DAY - DAYS + 1) * _DAY
    width = int(_DAY)
    rows = history_view.series(db, one.name, begin, now, width, hold)
    found = {at: uptime(bucket) for at, bucket in rows}
    return tuple(found.get(int(begin) + n * width) for n in range(DAYS))
