"""What the store holds, as pages of the command line's JSON."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent2.core import gates as moves
from agent2.core.message import DeliveryState
from agent2.store import actions, audits, gates, inbox, incidents, journal, outbox
from agent2.web.desk import cursor, desk, limit, truth
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import CURSOR, LIMIT, Entry
from agent2.web.shapes import (
    AUDIT,
    DELIVERY,
    GATE,
    INCIDENT,
    NOTIFIER,
    NUMBER,
    OBJECT,
    TEXT,
    TRUTH,
    WHOLE,
    lists,
    maybe,
    objects,
    paged,
    words,
)
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_MOST = 1000  # journal entries of one incident
_STATES = {
    "open": (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.DEAD),
    "all": None,
} | {state.value: (state,) for state in DeliveryState}


def page(name: str, found: list[Any], wanted: int, last: object) -> Response:
    """Return a page; it names the cursor of the next one if it may have one."""
    full = len(found) >= wanted
    return reply({name: found, "next": str(last) if full and found else None})


def listing(request: Request) -> Response:
    """List incidents, newest first."""
    at, wanted, now = desk(request), limit(request), time.time()
    query = request.query_params
    found = incidents.latest(
        at.reading,
        wanted,
        query.get("target"),
        only_open=truth(request, "open"),
        after=query.get("cursor"),
    )
    shown = [records.incident(one, now) for one in found]
    return page("incidents", shown, wanted, found[-1].id if found else None)


def incident(request: Request) -> Response:
    """Show one incident with its timeline, what was done and who was told."""
    at, name = desk(request), request.path_params["id"]
    found = incidents.get(at.reading, name)
    if found is None:
        raise Refusal("unknown", what="incident", name=name, list="/api/v1/incidents")
    entries = journal.read(at.reading, limit=_MOST, incident=name)
    done = actions.of_incident(at.reading, name)
    told = outbox.of_incident(at.reading, name)
    return reply(records.whole(found, time.time(), entries, done, told))


def notifiers(request: Request) -> Response:
    """Tell how each notifier stands."""
    at, now = desk(request), time.time()
    counted = sorted(outbox.counts(at.reading).items())
    told = {name: records.notifier(one, now) for name, one in counted}
    for one in at.seen().entries("notifiers"):  # those that had nothing to send yet
        none = outbox.NotifierCount()
        told.setdefault(str(one.get("name")), records.notifier(none, now))
    return reply({"notifiers": told})


def deliveries(request: Request) -> Response:
    """List what the outbox holds, newest first."""
    at, wanted = desk(request), limit(request)
    state = request.query_params.get("state", "open")
    if state not in _STATES:
        raise Refusal("bad_query", field="state", why=" | ".join(_STATES))
    found = outbox.listing(at.reading, _STATES[state], wanted, cursor(request))
    shown = [records.delivery(one) for one in reversed(found)]
    return page("deliveries", shown, wanted, found[0].seq if found else None)


def audit(request: Request) -> Response:
    """List what was decided (of one subject), newest first."""
    at, wanted = desk(request), limit(request)
    subject = request.query_params.get("subject")
    found = audits.trail(at.reading, subject, wanted, cursor(request))
    shown = [records.audit(one) for one in found]
    return page("audit", shown, wanted, found[-1].id if found else None)


def standing(request: Request) -> Response:
    """Count the events of the inbox."""
    at, now = desk(request), time.time()
    begin = now - 86_400.0
    tree = records.backlog(inbox.counts(at.reading, now))
    tree |= {"since": "24h", "processed": inbox.processed(at.reading, begin)}
    tree |= {"sources": inbox.sources(at.reading, begin)}
    return reply(tree | {"refused": inbox.refused(at.reading)})


def gated(request: Request) -> Response:
    """List the gates, of one target with those of all."""
    at, target = desk(request), request.query_params.get("target")
    found = gates.of(at.reading, target) if target else gates.all_of(at.reading)
    held = moves.is_held(found, target) if target else None
    tree: dict[str, Any] = {"gates": [records.gate(one) for one in found]}
    return reply(tree | {"held_by": records.gate(held) if held else None})


_PAGES = {"limit": LIMIT, "cursor": CURSOR}
_TARGET = (TEXT, "Only of this target")
ROUTES = (
    Entry(
        "GET",
        "/api/v1/incidents",
        listing,
        "Incidents, newest first",
        paged("incidents", INCIDENT),
        query=_PAGES | {"target": _TARGET, "open": (TRUTH, "Only those still open")},
    ),
    Entry(
        "GET",
        "/api/v1/incidents/{id}",
        incident,
        "One incident: timeline, what was done, deliveries",
        {
            "allOf": [
                INCIDENT,
                objects(
                    events=lists(OBJECT),
                    fixes=lists(OBJECT),
                    deliveries=lists(OBJECT),
                ),
            ]
        },
        refuses=("unknown",),
    ),
    Entry(
        "GET",
        "/api/v1/notifiers",
        notifiers,
        "How each notifier stands",
        objects(notifiers={"type": "object", "additionalProperties": NOTIFIER}),
    ),
    Entry(
        "GET",
        "/api/v1/outbox",
        deliveries,
        "Deliveries, newest first; those not finished unless *state* says otherwise",
        paged("deliveries", DELIVERY),
        query=_PAGES | {"state": (words(*_STATES), "Only those in this state")},
    ),
    Entry(
        "GET",
        "/api/v1/audit",
        audit,
        "What was decided and done, newest first",
        paged("audit", AUDIT),
        query=_PAGES | {"subject": (TEXT, "Only of this subject")},
    ),
    Entry(
        "GET",
        "/api/v1/inbox/stats",
        standing,
        "How many events wait, failed, were decided",
        objects(
            pending_count=WHOLE,
            processing_count=WHOLE,
            failed_count=WHOLE,
            completed_count=WHOLE,
            oldest_pending_age_seconds=maybe(NUMBER),
            failed_rate=NUMBER,
            levels=objects(backlog=TEXT, lag=TEXT, failed=TEXT),
            since=TEXT,
            processed=WHOLE,
            sources=OBJECT,
            refused=OBJECT,
        ),
    ),
    Entry(
        "GET",
        "/api/v1/gates",
        gated,
        "Gates: whose actions are held, by whom, why",
        objects(gates=lists(GATE), held_by=maybe(GATE)),
        query={"target": (TEXT, "Those of this target and of all targets")},
    ),
)
