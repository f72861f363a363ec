"""``POST /api/v1/config/reload``: ask the agent, then tell what it made of it."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING, Any

from agent2.host.holder import send
from agent2.store import audits
from agent2.web.desk import desk
from agent2.web.refusals import Refusal
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.shapes import TEXT, TIME, WHOLE, lists, maybe, objects
from agent2.wire.snapshot import MARK, PID_FILE

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.web.desk import Desk

PATIENCE_S = 10.0


def reload(request: Request) -> Response:
    """Make the agent read its configuration anew; a bad one is refused by it."""
    at = desk(request)
    if not at.reloading.acquire(blocking=False):
        raise Refusal("busy", {"retry-after": "2"})
    try:
        found = _reloaded(at)
    finally:
        at.reloading.release()
    outcome = str(found.get("last_reload"))
    with at.writing().transaction() as tx:
        picked = {key: found.get(key) for key in ("sha", "changed")}
        payload = {"who": "api", "result": outcome, **picked}
        level = "warn" if outcome == "rejected" else "info"
        audits.append(tx, "agent2", level, "CONFIG_RELOADED", payload, time.time())
    if outcome == "rejected":
        raise Refusal("config_rejected", why=found.get("error"))
    return reply(found)


def _reloaded(at: Desk) -> dict[str, Any]:
    """Return ``agent.config`` of the status after a reload.

    Raises:
        Refusal: no_agent, silent_agent.
    """
    folder = at.settings.state_dir
    before = _config(at).get("last_reload_at")
    try:
        owner = send(os.path.join(folder, PID_FILE), MARK, signal.SIGHUP)
    except PermissionError:
        raise Refusal("no_agent") from None
    if not owner.running:
        raise Refusal("no_agent")
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        after = _config(at)
        if after.get("last_reload_at") != before:
            return after
        time.sleep(0.02)
    raise Refusal("silent_agent", seconds=f"{PATIENCE_S:.0f}")


def _config(at: Desk) -> dict[str, Any]:
    found = at.seen().part("agent", "config")
    return found if isinstance(found, dict) else {}


ROUTES = (
    Entry(
        "POST",
        "/api/v1/config/reload",
        reload,
        "Read the configuration anew",
        objects(
            path=TEXT,
            sha=TEXT,
            loaded_at=TIME,
            last_reload=maybe(TEXT),
            changed=lists(TEXT),
            warnings=WHOLE,
        ),
        refuses=("no_agent", "silent_agent", "config_rejected", "busy"),
    ),
)
