"""How long targets were up, and how what was promised of them stands."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from agent2.core import slo
from agent2.core.uptime import trusted
from agent2.core.uptime import uptime as up
from agent2.plan import sources, stored
from agent2.store import history_view, reporting
from agent2.web.desk import desk
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.shapes import NUMBER, OBJECT, TEXT, lists, maybe, objects
from agent2.wire.report import promise, seen, share

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.plan.values import TargetPlan
    from agent2.web.desk import Desk

_WINDOWS = {"1h": 3_600.0} | history_view.WINDOWS
DAYS = 90
_HOLD = 15.0  # of a target that is watched no more


def planned(at: Desk) -> dict[str, TargetPlan]:
    """Return what the watcher watches by its plan; nothing where there is none."""
    try:
        plan = stored.load(os.path.join(at.settings.state_dir, sources.PLAN_NAME))
    except stored.PlanError:
        return {}
    return {one.name: one for one in plan.targets}


def hold(one: TargetPlan | None) -> float:
    """Return for how many seconds a verdict of a target is trusted."""
    return _HOLD if one is None else trusted(one.interval, one.timeout)


def uptime(request: Request) -> Response:
    """Tell which part of its judged time a target was up, and how fast it answered."""
    at, now = desk(request), time.time()
    name = request.query_params.get("target")
    if not name:
        raise Refusal("bad_query", field="target", why="?")
    held = hold(planned(at).get(name))
    windows = {
        window: seen(history_view.over(at.reading, name, now - s, now, held), s)
        for window, s in _WINDOWS.items()
    }
    days = history_view.days(at.reading, name, DAYS, now, held)
    shares = [share(None if one is None else up(one)) for one in days]
    return reply({"target": name, "windows": windows, "days": shares})


def promises(request: Request) -> Response:
    """Tell how each promise stands: error budget, burn rates, what they ask for."""
    at, now = desk(request), time.time()
    wanted = request.query_params.get("target")
    told: list[dict[str, Any]] = []
    for name, one in planned(at).items():
        made = slo.from_tree(one.slo)
        if made is None or wanted not in (None, name):
            continue
        stands = reporting.stand(at.reading, name, made, now, hold(one))
        facts = (made.objective, made.window, made.latency)
        told.append({"name": name} | (promise(facts, stands) or {}))
    return reply({"targets": told})


_SHARE = maybe(NUMBER)
_WINDOW = objects(
    uptime=_SHARE,
    judged=NUMBER,
    down_s=NUMBER,
    degraded_s=NUMBER,
    checks=OBJECT,
    response=OBJECT,
)
_PROMISE = objects(
    name=TEXT,
    objective=NUMBER,
    window_s=NUMBER,
    latency_s=maybe(NUMBER),
    uptime=_SHARE,
    judged=NUMBER,
    budget=objects(allowed_s=NUMBER, spent_s=NUMBER, left=NUMBER),
    burn=objects(**dict.fromkeys(slo.WINDOWS, maybe(NUMBER))),
    alarm=TEXT,
    fast=_SHARE,
)
ROUTES = (
    Entry(
        "GET",
        "/api/v1/uptime",
        uptime,
        "The part of its judged time in which a target was up, and its response times; "
        f"the same of each of the last {DAYS} days of UTC, null where nothing was seen",
        objects(
            target=TEXT,
            windows=objects(**dict.fromkeys(_WINDOWS, _WINDOW)),
            days=lists(_SHARE),
        ),
        query={"target": (TEXT, "Whose; needed")},
    ),
    Entry(
        "GET",
        "/api/v1/slo",
        promises,
        "How what is promised of targets stands: budget, burn rates, what they ask for",
        objects(targets=lists(_PROMISE)),
        query={"target": (TEXT, "Only this one")},
    ),
)
