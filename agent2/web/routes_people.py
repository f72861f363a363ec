"""What a person may ask for: an incident acknowledged or closed, a look, a restart.

Each enters where the command line's enters. What the watcher is asked for is answered
with 202 and the order; what came of it is an event ``order.answered``, and a row here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.host.owner import Presence
from agent2.host.wake import wake
from agent2.store import incidents, orders, spoken
from agent2.store.orders import Order
from agent2.web.desk import desk, limit
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import LIMIT, Entry
from agent2.web.shapes import ASKED, INCIDENT, TRUTH, lists, objects
from agent2.web.spoken import BY_API, WOKEN, body, given, reason, word
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.web.desk import Desk


def _unknown(name: str) -> Refusal:
    return Refusal("unknown", what="incident", name=name, list="/api/v1/incidents")


def acknowledge(request: Request) -> Response:
    """Acknowledge an incident."""
    return _acked(request, on=True)


def unacknowledge(request: Request) -> Response:
    """Take an acknowledgement back."""
    return _acked(request, on=False)


def _acked(request: Request, *, on: bool) -> Response:
    at, name, said = desk(request), request.path_params["id"], word(given(request))
    deed = spoken.acknowledge if on else spoken.unacknowledge
    done = deed(at.writing(), name, said)
    found = incidents.get(at.reading, name)
    if found is None:
        raise _unknown(name)
    if not done:
        state = "over" if found.resolved_at is not None else "not acknowledged"
        known = {"what": "incident", "name": name, "list": "/api/v1/incidents"}
        raise Refusal("conflict", state=state, **known)
    wake(at.settings.state_dir, WOKEN)
    return reply({"incident": records.incident(found, said.at)})


def check(request: Request) -> Response:
    """Have the agent look at a target."""
    return _ordered(request, orders.CHECK, request.path_params["name"], given(request))


def restart(request: Request) -> Response:
    """Have the agent restart a target."""
    told = given(request, ("force",))
    reason(told)
    return _ordered(request, orders.RESTART, request.path_params["name"], told)


def resolve(request: Request) -> Response:
    """Have the agent close an incident."""
    told, name = given(request, ("force",)), request.path_params["id"]
    reason(told)
    if incidents.get(desk(request).reading, name) is None:
        raise _unknown(name)
    return _ordered(request, orders.CLOSE, name, told)


def _ordered(
    request: Request, verb: str, subject: str, told: dict[str, Any]
) -> Response:
    at, said, force = desk(request), word(told), told.get("force", False)
    if not isinstance(force, bool):
        raise Refusal("bad_field", field="force", why="is neither true nor false")
    _must_run(at, verb, subject)
    order = Order(said.id, verb, subject, said.why, said.who, said.at, force)
    spoken.give(at.writing(), order, BY_API)
    wake(at.settings.state_dir, WOKEN)
    return reply({"order": records.order(order)}, 202)


def _must_run(at: Desk, verb: str, subject: str) -> None:
    seen = at.seen(shown=False)
    if seen.owner.presence is not Presence.RUNNING:
        raise Refusal("no_agent")
    known = {one.get("name") for one in seen.entries("targets")}
    if verb != orders.CLOSE and known and subject not in known:
        raise Refusal("unknown", what="target", name=subject, list="/api/v1/targets")


def ordered(request: Request) -> Response:
    """List what people have asked the agent for, newest first."""
    found = orders.latest(desk(request).reading, limit(request))
    return reply({"orders": [records.order(one) for one in found]})


_ONE = "/api/v1/incidents/{id:path}"
_TARGET = "/api/v1/targets/{name:path}"
_CLOSED = ("unknown", "conflict", "bad_field")
_REFUSES = ("unknown", "no_agent", "bad_field")
ROUTES = (
    Entry(
        "POST",
        f"{_ONE}/ack",
        acknowledge,
        "Acknowledge an incident: nobody is reminded any more",
        objects(incident=INCIDENT),
        body=body(),
        refuses=_CLOSED,
    ),
    Entry(
        "POST",
        f"{_ONE}/unack",
        unacknowledge,
        "Take an acknowledgement back",
        objects(incident=INCIDENT),
        body=body(),
        refuses=_CLOSED,
    ),
    Entry(
        "POST",
        f"{_ONE}/resolve",
        resolve,
        "Ask for an incident to be closed; *force*: though its target still fails",
        objects(order=ASKED),
        body=body("why", force=TRUTH),
        status=202,
        refuses=_REFUSES,
    ),
    Entry(
        "POST",
        f"{_TARGET}/check",
        check,
        "Ask for a look at a target now",
        objects(order=ASKED),
        body=body(),
        status=202,
        refuses=_REFUSES,
    ),
    Entry(
        "POST",
        f"{_TARGET}/restart",
        restart,
        "Ask for a restart; *force*: over a pause, a frozen window, a rule",
        objects(order=ASKED),
        body=body("why", force=TRUTH),
        status=202,
        refuses=_REFUSES,
    ),
    Entry(
        "GET",
        "/api/v1/orders",
        ordered,
        "What people have asked the agent for and what came of it, newest first",
        objects(orders=lists(ASKED)),
        query={"limit": LIMIT},
    ),
)
