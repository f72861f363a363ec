"""``POST /api/v1/check``: have the agent look at everything now."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from agent2.host.holder import send
from agent2.store import audits
from agent2.web.desk import desk
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.shapes import WHOLE, objects
from agent2.wire.snapshot import MARK, PID_FILE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


def look(request: Request) -> Response:
    """Ask the agent to check all its targets at once (USR2), and write that down."""
    at = desk(request)
    try:
        path = os.path.join(at.settings.state_dir, PID_FILE)
        owner = send(path, MARK, signal.SIGUSR2)
    except PermissionError:
        raise Refusal("no_agent") from None
    if not owner.running:
        raise Refusal("no_agent")
    with at.writing().transaction() as tx:
        row = ("agent2", "info", "CHECK_ASKED", {"who": "api"}, time.time())
        audits.append(tx, *row)
    return reply({"pid": owner.pid}, 202)


ROUTES = (
    Entry(
        "POST",
        "/api/v1/check",
        look,
        "Look at every target now",
        objects(pid=WHOLE),
        status=202,
        refuses=("no_agent",),
    ),
)
