"""``GET /api/v1/overview``: the past of every target at a glance, in one answer.

A page with two hundred targets asks once, not two hundred times; what it costs is
shared by all who look within the same seconds.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from agent2.core.uptime import trusted
from agent2.store import history_view
from agent2.web.desk import Desk, desk
from agent2.web.replies import body_of, tagged
from agent2.web.routes import Entry
from agent2.web.shapes import NUMBER, TEXT, TIME, maybe, objects
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.store.history_view import Panel

KEPT_S = 2.0
SHARE = 10  # where it takes long it is kept longer: at most a tenth of the time
_TIMEOUT_S = 5.0  # the status does not tell it; it only bounds how long a verdict holds
_LETTERS = {"good": "g", "degraded": "d", "bad": "b"}
_turn = threading.Lock()
_kept: dict[Desk, tuple[float, bytes]] = {}


def overview(request: Request) -> Response:
    """Tell of each target its last checks, how fast it answers, how long it was up."""
    at = desk(request)
    with _turn:
        until, body = _kept.get(at, (0.0, b""))
        begin = time.monotonic()
        if begin >= until:
            body = body_of({"targets": glance(at)})
            end = time.monotonic()
            _kept[at] = end + max(KEPT_S, SHARE * (end - begin)), body
    return tagged(request, body)


def glance(at: Desk) -> dict[str, Any]:
    """Return the past of every target by its name."""
    holds = {}
    for one in at.status().entries("targets"):
        interval = one.get("interval_s")
        every = float(interval) if isinstance(interval, int | float) else _TIMEOUT_S
        holds[str(one.get("name"))] = trusted(every, _TIMEOUT_S)
    found = history_view.panels(at.reading, holds, time.time())
    return {name: past(panel) for name, panel in found.items()}


def past(panel: Panel) -> dict[str, Any]:
    """Return one target's: its last checks are a letter each, oldest first."""
    beats, p95 = panel.beats, panel.p95_s
    return {
        "beats": "".join(_LETTERS.get(one.verdict, "u") for one in beats),
        "since": records.moment(beats[0].at) if beats else None,
        "until": records.moment(beats[-1].at) if beats else None,
        "p95_s": None if p95 is None else round(p95, 6),
        "uptime": {
            window: None if share is None else round(share, 6)
            for window, (share, _judged) in panel.uptime.items()
        },
    }


_PAST = objects(
    beats=TEXT,
    since=maybe(TIME),
    until=maybe(TIME),
    p95_s=maybe(NUMBER),
    uptime=objects(**dict.fromkeys(history_view.WINDOWS, maybe(NUMBER))),
)
ROUTES = (
    Entry(
        "GET",
        "/api/v1/overview",
        overview,
        f"Every target's last {history_view.BEATS} checks (g, d, b, u), p95 of a day, "
        "uptime",
        objects(targets={"type": "object", "additionalProperties": _PAST}),
        refuses=("no_status",),
    ),
)
