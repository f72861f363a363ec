"""What one may ask for: events, gates, a reload, a check-in, a delivery once more.

Each of them enters where the command line's enters, with the same words in the store.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any

from agent2.core.admission import LONGEST, refusal
from agent2.core.events import Event
from agent2.core.gates import EVERY, is_held
from agent2.core.message import DeliveryState
from agent2.host.wake import wake, wake_supervisor
from agent2.store import gates, inbox, outbox
from agent2.store.commands import Command, carry_out
from agent2.store.event_json import EventError, event_of
from agent2.web.desk import Desk, desk
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.shapes import (
    DELIVERY,
    EVENT,
    GATE,
    OBJECT,
    ORDER,
    TEXT,
    TRUTH,
    WHOLE,
    lists,
    maybe,
    objects,
)
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.store.door import Entry as Admitted

MOST_EVENTS = 1000
_PUSHED, _BY_API = "eventbus", "api"
_EVENT_KEYS = frozenset(
    [
        "id",
        "event_id",
        "type",
        "event_type",
        "subject",
        "task_id",
        "at",
        "ts",
        "payload",
    ]
)
_GATE_KEYS = frozenset(("verb", "target", "gate", "reason", "who"))
_VERBS = ("pause", "approve", "reject")


def _body(request: Request) -> Any:
    return request.scope.get("agent2.body")


def _object(request: Request) -> dict[str, Any]:
    """Return the JSON object that was sent; {} if nothing was.

    Raises:
        Refusal: it is something else.
    """
    found = _body(request)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Refusal("bad_field", field="body", why="is no JSON object")
    return found


def push(request: Request) -> Response:
    """Put events into the inbox: one, or a list; each of them is in or refused."""
    tree = _body(request)
    given = tree if isinstance(tree, list) else [tree]
    if not 1 <= len(given) <= MOST_EVENTS:
        raise Refusal(
            "bad_field", field="body", why=f"has not 1 … {MOST_EVENTS} events"
        )
    now = time.time()
    events, flaws = [], []
    for number, one in enumerate(given):
        try:
            events.append(_event(one, now))
        except EventError as error:
            flaws.append({"index": number, "error": str(error)})
    if len(flaws) == len(given):
        why = f"[{flaws[0]['index']}]: {flaws[0]['error']}"
        raise Refusal("bad_field", field="events", why=why)
    found = _admit(desk(request), events, now)
    tree = {"events": told(found), "refused": flaws}
    return reply(tree | {"accepted": len(events), "new": len(found.new)}, 202)


def _event(one: Any, now: float) -> Event:
    """Return the event of one JSON object.

    Raises:
        EventError: it is none, or one that may not come in.
    """
    event = event_of(one, _PUSHED, now)
    more = sorted(one.keys() - _EVENT_KEYS)
    why = f"{more[0]} is no field of an event" if more else refusal(event)
    if why is not None:
        raise EventError(why)
    return event


def _admit(at: Desk, events: list[Event], now: float) -> Admitted:
    found = inbox.admit(at.writing(), events, now)
    if found.new:
        wake_supervisor(at.settings.state_dir)
    return found


def told(found: Admitted) -> list[dict[str, Any]]:
    """Return the ids of what came in, and which were new."""
    new = [{"event_id": one.id, "new": True} for one in found.new]
    return new + [{"event_id": one.id, "new": False} for one in found.known]


def ping(request: Request) -> Response:
    """Take the check-in of a job: it ran."""
    job, now = request.path_params["job"], time.time()
    payload = _object(request)
    unique = f"ping-{secrets.token_hex(16)}"
    event = Event(unique, _PUSHED, job, "JOB_PING", now, payload)
    why = refusal(event)
    if why is not None:
        raise Refusal("bad_field", field=job, why=why)
    found = _admit(desk(request), [event], now)
    return reply({"job": job, "event_id": found.new[0].id}, 202)


def gate(request: Request) -> Response:
    """Pause, approve or reject, with who and why."""
    at, given = desk(request), _object(request)
    for name, worth in given.items():
        if name not in _GATE_KEYS or not isinstance(worth, str):
            raise Refusal("bad_field", field=name, why="is no text, or no field here")
        if len(worth) > LONGEST or not worth.isprintable():
            raise Refusal("bad_field", field=name, why="is too long or not printable")
    verb, subject = given.get("verb", ""), given.get("target", "")
    if verb not in _VERBS:
        raise Refusal("bad_field", field="verb", why=f"is none of {', '.join(_VERBS)}")
    if not subject:
        raise Refusal("bad_field", field="target", why=f"is missing; {EVERY} is all")
    unique, who = f"api-{secrets.token_hex(16)}", given.get("who") or _BY_API
    named, reason = given.get("gate", ""), given.get("reason", "")
    order = Command(unique, verb, subject, named, reason, who, time.time(), _BY_API)
    done = carry_out(at.writing(), order)
    held = is_held(gates.of(at.reading, subject), subject)
    wake(at.settings.state_dir, "gates")
    tree = {"gates": [records.gate(one) for one in done]}
    return reply(tree | {"held_by": records.gate(held) if held else None})


def retry(request: Request) -> Response:
    """Queue a dead letter again."""
    at, name = desk(request), request.path_params["id"]
    known = {"what": "delivery", "name": name, "list": "/api/v1/outbox"}
    if outbox.get(at.reading, name) is None:
        raise Refusal("unknown", **known)
    if not outbox.retry(at.writing(), [name], time.time()):
        row = outbox.get(at.reading, name)
        state = row.state if row is not None else DeliveryState.PENDING
        raise Refusal("conflict", state=state.value, **known)
    wake(at.settings.state_dir)
    row = outbox.get(at.reading, name)
    return reply({"delivery": None if row is None else records.delivery(row)})


ROUTES = (
    Entry(
        "POST",
        "/api/v1/events",
        push,
        f"Put events into the inbox: one, or up to {MOST_EVENTS}",
        objects(
            events=lists(objects(event_id=TEXT, new=TRUTH)),
            refused=lists(objects(index=WHOLE, error=TEXT)),
            accepted=WHOLE,
            new=WHOLE,
        ),
        body={"anyOf": [EVENT, lists(EVENT) | {"maxItems": MOST_EVENTS}]},
        status=202,
    ),
    Entry(
        "POST",
        "/api/v1/ping/{job}",
        ping,
        "A job ran (dead-man check-in)",
        objects(job=TEXT, event_id=TEXT),
        body=OBJECT,
        status=202,
    ),
    Entry(
        "POST",
        "/api/v1/gates",
        gate,
        "Pause, approve or reject the actions for a target, or for `*`",
        objects(gates=lists(GATE), held_by=maybe(GATE)),
        body=ORDER,
    ),
    Entry(
        "POST",
        "/api/v1/outbox/{id:path}/retry",
        retry,
        "Queue a dead letter again",
        objects(delivery=maybe(DELIVERY)),
        refuses=("unknown", "conflict"),
    ),
)
