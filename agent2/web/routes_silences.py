"""Silences: for a time, alerts that match are not sent."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from agent2.core.silences import Silence, refusal
from agent2.host.wake import wake
from agent2.store import silences, spoken
from agent2.web.desk import desk, truth
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.shapes import NUMBER, OBJECT, SILENCE, TIME, TRUTH, lists, objects
from agent2.web.spoken import BY_API, WOKEN, body, given, reason, word
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


def listing(request: Request) -> Response:
    """List silences by their end: those now or soon, or *all* that are remembered."""
    at, now = desk(request), time.time()
    every = truth(request, "all")
    found = silences.all_of(at.reading) if every else silences.current(at.reading, now)
    return reply({"silences": [records.silence(one, now) for one in found]})


def add(request: Request) -> Response:
    """Silence what matches, from now on."""
    told = given(request, ("match", "for_s", "until"))
    reason(told)
    at, said, match = desk(request), word(told), told.get("match")
    if not isinstance(match, dict) or not all(
        isinstance(each, str) for each in match.values()
    ):
        raise Refusal("bad_field", field="match", why="is no object of texts")
    name, end = f"s-{secrets.token_hex(5)}", _end(told, said.at)
    made = Silence(name, match, said.at, end, said.who, said.why, said.at)
    wrong = refusal(made)
    if wrong is not None:
        raise Refusal("bad_field", field="silence:", why=wrong)
    spoken.silence(at.writing(), made, BY_API)
    wake(at.settings.state_dir, WOKEN)
    return reply({"silence": records.silence(made, said.at)}, 201)


def _end(told: dict[str, Any], now: float) -> float:
    length, until = told.get("for_s"), told.get("until")
    if (length is None) is (until is None):
        raise Refusal("bad_field", field="for_s", why="or until says how long: one")
    if length is not None:
        if isinstance(length, bool) or not isinstance(length, (int, float)):
            raise Refusal("bad_field", field="for_s", why="is no number of seconds")
        return now + min(max(float(length), 0.0), 1e9)
    try:
        then = datetime.fromisoformat(str(until))
    except ValueError:
        then = datetime.min  # it has no offset
    if then.tzinfo is None:
        raise Refusal("bad_field", field="until", why="is no RFC 3339 with an offset")
    return then.timestamp()


def end(request: Request) -> Response:
    """End a silence now."""
    at, name, said = desk(request), request.path_params["id"], word(given(request))
    found = spoken.end_silence(at.writing(), name, said)
    if found is None:
        known = {"what": "silence", "name": name, "list": "/api/v1/silences"}
        raise Refusal("unknown", **known)
    wake(at.settings.state_dir, WOKEN)
    return reply({"silence": records.silence(found, said.at)})


ROUTES = (
    Entry(
        "GET",
        "/api/v1/silences",
        listing,
        "What is silenced now or soon, by its end",
        objects(silences=lists(SILENCE)),
        query={"all": (TRUTH, "Those that are over too")},
    ),
    Entry(
        "POST",
        "/api/v1/silences",
        add,
        "Send no alerts of what matches, for *for_s* seconds or *until* a time",
        objects(silence=SILENCE),
        body=body("match", "why", match=OBJECT, for_s=NUMBER, until=TIME),
        status=201,
        refuses=("bad_field",),
    ),
    Entry(
        "POST",
        "/api/v1/silences/{id}/end",
        end,
        "End a silence now",
        objects(silence=SILENCE),
        body=body(),
        refuses=("unknown", "bad_field"),
    ),
)
