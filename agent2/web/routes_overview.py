"""``GET /api/v1/overview``: the recent past of every target in one answer.

A page with two hundred targets asks once, not two hundred times. What it costs is kept
for a moment and shared by all who look.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent2.store import history
from agent2.web.desk import Desk, desk
from agent2.web.replies import body_of, tagged
from agent2.web.routes import Entry
from agent2.web.shapes import NUMBER, TEXT, TIME, maybe, objects
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

BEATS = 50
_LETTERS = {"good": "g", "degraded": "d", "bad": "b"}


def overview(request: Request) -> Response:
    """Tell of each target its last checks, how fast it answered, how long it was up."""
    at = desk(request)
    names = [str(one.get("name")) for one in at.status().entries("targets")]
    return tagged(request, body_of({"targets": {n: past(at, n) for n in names}}))


def past(at: Desk, name: str) -> dict[str, Any]:
    """Return the last checks of *name*, a letter each, oldest first."""
    points = history.recent(at.reading, name, BEATS)
    spent = sorted(one.response_s for one in points if one.response_s is not None)
    return {
        "beats": "".join(_LETTERS.get(one.verdict, "u") for one in points),
        "since": records.moment(points[0].at) if points else None,
        "until": records.moment(points[-1].at) if points else None,
        "p95_s": round(spent[int(0.95 * (len(spent) - 1))], 6) if spent else None,
        "uptime": uptime(at, name),
    }


def uptime(at: Desk, name: str) -> float | None:
    """Return the part of its judged checks of a day in which *name* was up."""
    counted = history.verdicts(at.reading, name, time.time() - 86_400.0)
    up = counted.get("good", 0) + counted.get("degraded", 0)
    judged = up + counted.get("bad", 0)
    return round(up / judged, 6) if judged else None


_PAST = objects(
    beats=TEXT,
    since=maybe(TIME),
    until=maybe(TIME),
    p95_s=maybe(NUMBER),
    uptime=maybe(NUMBER),
)
ROUTES = (
    Entry(
        "GET",
        "/api/v1/overview",
        overview,
        f"The last {BEATS} checks of every target (g, d, b, u), p95, uptime of a day",
        objects(targets={"type": "object", "additionalProperties": _PAST}),
        refuses=("no_status",),
    ),
)
