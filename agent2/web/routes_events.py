"""What other programs bring: events.

They enter by the door of the inbox (``store.door``), where all that is brought enters.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent2.core.admission import refusal
from agent2.core.events import Event
from agent2.host.wake import wake_supervisor, warn
from agent2.store import inbox
from agent2.store.event_json import EventError, event_of
from agent2.web.desk import Desk, desk
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.sent import body
from agent2.web.shapes import EVENT, TEXT, TRUTH, WHOLE, lists, objects
from agent2.wire.tokens import DUPLICATE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.store.door import Entry as Admitted

MOST_EVENTS = 1000
_PUSHED = "eventbus"
_SAID = 20  # of one push: a log is no archive
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


def push(request: Request) -> Response:
    """Put events into the inbox: one, or a list; each of them is in or refused."""
    tree = body(request)
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
    folder = at.settings.state_dir
    if found.new:
        wake_supervisor(folder)
    for each in found.known[:_SAID]:
        warn(folder, DUPLICATE.format(id=each.id, subject=each.subject))
    return found


def told(found: Admitted) -> list[dict[str, Any]]:
    """Return the ids of what came in, and which were new."""
    new = [{"event_id": one.id, "new": True} for one in found.new]
    return new + [{"event_id": one.id, "new": False} for one in found.known]


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
)
