"""What the store adds to the status: the newest cycles, uptime, promises, what was.

A status that cannot read the store is a status all the same: without these.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent2.cli.reports.parts import percent
from agent2.cli.state.machine import duration
from agent2.cli.words import say
from agent2.core import slo
from agent2.core.spark import spark
from agent2.core.text import visible
from agent2.core.uptime import trusted
from agent2.core.value import value
from agent2.host.clock import stamp
from agent2.plan import sources, stored
from agent2.store import history_view, reporting
from agent2.store.errors import StoreError
from agent2.store.reading import Reader
from agent2.wire.report import outage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.cli.settings import Settings
    from agent2.core.outages import Outage

_STORE = "agent2.db"
_CYCLES = 20
_MOST = 50  # targets; of more nobody reads a line each
_LISTED = 10


@value
class Past:
    """One target's columns; "" where there is nothing to tell."""

    uptime: str
    p95: str
    recent: str
    promise: str


def columns(settings: Settings) -> dict[str, Past]:
    """Return what the table shows beside each target, by its name."""
    try:
        plan = stored.load(settings.path(sources.PLAN_NAME))
        db = Reader.look(settings.path(_STORE))
    except (stored.PlanError, StoreError):
        return {}
    now = time.time()
    targets = plan.targets[:_MOST]
    holds = {one.name: trusted(one.interval, one.timeout) for one in targets}
    found = {}
    try:
        panels = history_view.panels(db, holds, now)
        for one in targets:
            panel, promise = panels[one.name], slo.from_tree(one.slo)
            left = ""
            if promise is not None:
                stands = reporting.stand(db, one.name, promise, now, holds[one.name])
                left = f"{100 * stands.left:.1f} %"
            beats = ((beat.verdict, beat.response_s) for beat in panel.beats[-_CYCLES:])
            p95 = "" if panel.p95_s is None else f"{panel.p95_s * 1000:.0f} ms"
            up = percent(panel.uptime["24h"][0])
            found[one.name] = Past(up, p95, spark(beats), left)
    except StoreError:
        return {}
    finally:
        db.close()
    return found if any(one.recent for one in found.values()) else {}


@value
class Happened:
    """What happened since then."""

    since: float
    incidents: tuple[Outage, ...]
    restarts: dict[str, int]
    alerts: dict[str, int]


def happened(settings: Settings, since: float, now: float) -> Happened:
    """Read what happened since then."""
    db = Reader.look(settings.path(_STORE))
    try:
        incidents, _warned = reporting.outages(db, since, now)
        restarts = reporting.restarts(db, since, now).values()
        told = reporting.told(db, since, now)
    finally:
        db.close()
    return Happened(
        since,
        tuple(incidents),
        {
            "asked": sum(one.asked for one in restarts),
            "helped": sum(one.helped for one in restarts),
            "failed": sum(one.failed for one in restarts),
        },
        {
            "delivered": sum(one.delivered for one in told),
            "dead": sum(one.dead for one in told),
            "waiting": sum(one.waiting for one in told),
        },
    )


def document(found: Happened) -> dict[str, Any]:
    """Return it as JSON."""
    return {
        "since": stamp(found.since),
        "incidents": [outage(one) for one in found.incidents],
        "restarts": found.restarts,
        "alerts": found.alerts,
    }


def lines(found: Happened) -> Iterator[str]:
    """Return it for people, line by line."""
    yield say("since.title", when=stamp(found.since))
    known = found.incidents
    if not known and not any((*found.restarts.values(), *found.alerts.values())):
        yield f"  {say('since.none')}"
        return
    still = sum(one.ended_at is None for one in known)
    yield f"  {say('since.incidents', count=len(known), open=still)}"
    yield f"  {say('since.restarts', **found.restarts)}"
    yield f"  {say('since.alerts', **found.alerts)}"
    for one in known[-_LISTED:]:
        ended = say("report.lasts")
        if one.ended_at is not None:
            ended = duration(one.ended_at - one.began_at)
        yield visible(f"  {stamp(one.began_at)} {one.target}: {one.code}, {ended}")
