"""What a person may ask for: a gate, a delivery once more.

Each of them enters where the command line's enters, with the same words in the store.
"""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from agent2.core.admission import LONGEST
from agent2.core.gates import EVERY, is_held
from agent2.core.message import DeliveryState
from agent2.host.wake import wake
from agent2.store import gates, outbox
from agent2.store.commands import Command, carry_out
from agent2.web.desk import desk
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.sent import sent
from agent2.web.shapes import (
    DELIVERY,
    GATE,
    ORDER,
    lists,
    maybe,
    objects,
)
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


_BY_API = "api"
_GATE_KEYS = frozenset(("verb", "target", "gate", "reason", "who"))
_VERBS = ("pause", "approve", "reject")


def gate(request: Request) -> Response:
    """Pause, approve or reject, with who and why."""
    at, given = desk(request), sent(request)
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
