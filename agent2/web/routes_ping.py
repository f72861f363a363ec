"""The reports of jobs: it began, it ended well, it failed.

A job is known when a ``heartbeat`` check of the configuration waits for it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from agent2.core.admission import refusal
from agent2.core.heartbeat import SAID
from agent2.host.wake import wake_supervisor
from agent2.store import heartbeats
from agent2.web.desk import desk
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.sent import sent
from agent2.web.shapes import OBJECT, TEXT, objects, words

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

_BY = "eventbus"
_SHOWN = 20  # names of jobs in a refusal


def ping(request: Request) -> Response:
    """Take the report of a job; answered when it is in the store for good."""
    at, job = desk(request), request.path_params["job"]
    said = request.path_params.get("said", "ok")
    if said not in SAID:
        raise Refusal("not_found", path=request.url.path)
    known = at.jobs()
    if job not in known:
        listed = f"the jobs that are known: {', '.join(known[:_SHOWN]) or 'none'}"
        raise Refusal("unknown", what="job", name=job, list=listed)
    now, payload = time.time(), sent(request)
    message = payload.get("message", "")
    if not isinstance(message, str):
        raise Refusal("bad_field", field="message", why="is no text")
    event = heartbeats.event(job, said, payload, _BY, now)
    why = refusal(event)
    if why is not None:
        raise Refusal("bad_field", field=job, why=why)
    heartbeats.report(at.writing(), said, message, event, now)
    wake_supervisor(at.settings.state_dir)
    return reply({"job": job, "state": said, "event_id": event.id}, 202)


def _entry(path: str, summary: str) -> Entry:
    return Entry(
        "POST",
        path,
        ping,
        summary,
        objects(job=TEXT, state=words(*SAID), event_id=TEXT),
        body=OBJECT,
        status=202,
        refuses=("unknown",),
    )


ROUTES = (
    _entry("/api/v1/ping/{job}", "A job ended well (dead-man check-in)"),
    _entry("/api/v1/ping/{job}/{said}", "A job says `start`, `ok` or `fail`"),
)
