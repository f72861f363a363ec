"""``agent2 statuspage export DIR``: a public page as plain files for any web server.

Only targets with ``public: true``; no host, no address, no text of a check. The agent
itself stays where it is: nobody needs to reach it.
"""

from __future__ import annotations

import json
import os
import time

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_settings
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.records import Store
from agent2.cli.reports import statuspage_forms as forms
from agent2.cli.reports.statuspage_facts import Facts, Part, Trouble
from agent2.cli.settings import Settings
from agent2.cli.span import span
from agent2.cli.words import language, say
from agent2.core.model import Severity
from agent2.core.uptime import percentile, trusted, uptime
from agent2.host.files import ensure_dir, remove, write_atomic
from agent2.plan.values import TargetPlan
from agent2.store import history_view, incidents
from agent2.store.database import Database
from agent2.store.incidents import Incident
from agent2.wire import badge, snapshot

_DAY = 86400.0
DAYS, KEPT = 90, 14  # days in a row of uptime; days that an incident stays
MOST = 500
_UNSEEN: dict[str, tuple[float | None, float | None]]
_UNSEEN = dict.fromkeys(history_view.WINDOWS, (None, None))


statuspage = Group("statuspage", help=say("help.statuspage"))


@statuspage.command("export", help=say("help.statuspage.export"))
@click.argument("folder", metavar="DIR")
@click.option("--title", default="", help=say("option.page_title"))
@click.option("--every", metavar="SPAN", help=say("option.page_every"))
@with_settings
def export(settings: Settings, folder: str, title: str, every: str | None) -> int:
    """Write the page; with *every*, again and again until it is stopped."""
    seconds = span(every, "--every") if every else 0.0
    while True:
        shown = write(settings, os.path.abspath(folder), title)
        click.echo(say("page.written", folder=folder, count=shown))
        if not seconds:
            return codes.OK
        time.sleep(max(seconds, 1.0))


def write(settings: Settings, folder: str, title: str) -> int:
    """Write all files of the page; return how many targets it shows."""
    if os.path.realpath(folder) == os.path.realpath(settings.state_dir):
        # What a web server shows of it would be the store, the log and the token too.
        hint = "agent2 statuspage export /var/www/status"
        raise Failure(codes.CANNOT_CREATE, say("page.own", folder=folder), hint)
    plan = obtain(settings)
    public = [one for one in plan.targets if one.public]
    if not public:
        hint = f"agent2 config set 'targets[{plan.primary.name}].public' true"
        raise Failure(codes.CONFIG, say("page.none"), hint)
    with Store(settings) as db:
        facts = gather(db, settings, public, title)
    try:
        for name, text in files(facts).items():
            path = os.path.join(folder, name)
            ensure_dir(os.path.dirname(path))
            write_atomic(path, text.encode(), sync=False)
        for one in plan.targets:  # one that is public no more leaves nothing behind
            if not one.public:
                for name in badges(Part(one.name, "unknown", (), _UNSEEN)):
                    remove(os.path.join(folder, name))
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
        made |= badges(one)
    return made


def badges(one: Part) -> dict[str, str]:
    """Return the badges of a target by the path that they have in the API too."""
    told = {"": (one.name, one.state, badge.COLORS[one.state])}
    for window, (share, p95_s) in one.windows.items():
        told[f"/uptime/{window}"] = badge.uptime(one.name, window, share)
        told[f"/response/{window}"] = badge.response(one.name, window, p95_s)
    return {
        f"badge/{one.name}{path}.svg": badge.drawing(*words)
        for path, words in told.items()
    }


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
        parts.append(Part(one.name, known, days, _windows(db, one, now)))
    names = {one.name for one in public}
    troubles = [
        Trouble(row.id, row.target, row.opened_at, row.resolved_at, _meant(row))
        for row in incidents.latest(db, MOST)
        if row.target in names
        and (row.resolved_at is None or row.resolved_at > now - KEPT * _DAY)
    ]
    named = title or say("page.title")
    return Facts(named, language(), now, tuple(parts), tuple(troubles))


def _windows(
    db: Database, one: TargetPlan, now: float
) -> dict[str, tuple[float | None, float | None]]:
    hold = trusted(one.interval, one.timeout)
    found = {}
    for window, seconds in history_view.WINDOWS.items():
        seen = history_view.over(db, one.name, now - seconds, now, hold)
        found[window] = uptime(seen), percentile(seen, 0.95)
    return found


def _meant(row: Incident) -> str:
    return "warn" if row.severity is Severity.WARNING else "down"


def _days(db: Database, one: TargetPlan, now: float) -> tuple[float | None, ...]:
    """Return the uptime of each of the last days, oldest first."""
    hold = trusted(one.interval, one.timeout)
    found = history_view.days(db, one.name, DAYS, now, hold)
    return tuple(None if one is None else uptime(one) for one in found)
