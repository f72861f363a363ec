"""The paths of the operations guide: its curl lines and its checks work here too."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent2.metrics.watch import ACTIVE
from agent2.store import incidents
from agent2.web.desk import desk
from agent2.web.metrics import metrics_json
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.routes_state import watched
from agent2.web.shapes import OBJECT, TEXT, TIME, lists, maybe, objects
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_MOST = 500


def agents(request: Request) -> Response:
    """List the targets under the guide's name for what is watched."""
    found = [
        {
            "name": one.get("name"),
            "status": ACTIVE.get(str(one.get("state")), "unknown"),
            "last_check": one.get("last_check"),
        }
        for one in watched(desk(request).status())
    ]
    return reply({"agents": found})


def workflows(request: Request) -> Response:
    """List the open incidents: what runs from a first failure to its recovery."""
    found = incidents.latest(desk(request).reading, _MOST, only_open=True)
    now = time.time()
    return reply(
        {"workflows": [_workflow(records.incident(one, now)) for one in found]}
    )


def _workflow(one: dict[str, Any]) -> dict[str, Any]:
    return {"id": one["id"], "name": one["target"], "status": "active", "incident": one}


ROUTES = (
    Entry(
        "GET",
        "/api/v1/monitoring/metrics",
        metrics_json,
        "All figures, as JSON, by the operations guide's path",
        OBJECT,
    ),
    Entry(
        "GET",
        "/api/v1/agents/status",
        agents,
        "The targets, by the operations guide's path",
        objects(agents=lists(objects(name=TEXT, status=TEXT, last_check=maybe(TIME)))),
        refuses=("no_status",),
    ),
    Entry(
        "GET",
        "/api/v1/workflows/status",
        workflows,
        "The open incidents, by the operations guide's path",
        objects(
            workflows=lists(objects(id=TEXT, name=TEXT, status=TEXT, incident=OBJECT))
        ),
    ),
)
