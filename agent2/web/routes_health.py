"""Is the agent well? For load balancers, init systems, other watchdogs, people."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import agent2
from agent2.store import outbox
from agent2.store.errors import StoreError
from agent2.web.desk import desk, truth
from agent2.web.replies import reply
from agent2.web.routes import Entry
from agent2.web.shapes import OBJECT, TEXT, TRUTH, objects, words

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.wire.snapshot import Snapshot

_HEALTH_JSON = "application/health+json"
_WELL = objects(status=words("ok"))


def livez(_request: Request) -> Response:
    """Tell that this program answers."""
    return reply({"status": "ok"})


def readyz(request: Request) -> Response:
    """Tell whether the store and the status can be read."""
    at = desk(request)
    troubles = [each for each in (store_trouble(request), at.seen().trouble) if each]
    status = 503 if troubles else 200
    return reply(
        {"status": "error" if troubles else "ok", "troubles": troubles}, status
    )


def health(request: Request) -> Response:
    """Tell of the agent in the form of draft-inadarei-api-health-check."""
    seen = desk(request).seen()
    checks = agent_checks(request, seen)
    worst = worst_of(checks)
    tree = {
        "status": worst,
        "version": agent2.__version__.partition(".")[0],
        "releaseId": agent2.__version__,
        "serviceId": seen.part("agent", "instance") or "",
        "description": "Agent2",
        "checks": {name: [one] for name, one in checks.items()},
    }
    answer = reply(tree, 503 if worst == "fail" else 200)
    answer.headers["content-type"] = _HEALTH_JSON
    return answer


def api_health(request: Request) -> Response:
    """Tell the same in the form of the user's documents: ``{"status": "ok"}``."""
    detailed = truth(request, "detailed")
    seen = desk(request).seen()
    checks = agent_checks(request, seen)
    well = worst_of(checks) != "fail"
    tree: dict[str, Any] = {"status": "ok" if well else "error"}
    if detailed:
        tree |= {
            "version": agent2.__version__,
            "health_status": seen.health,
            "components": checks,
            "notifiers": seen.entries("notifiers"),
            "summary": seen.part("summary") or {},
            "stream": request.scope["state"]["stream"].document(),
        }
    return reply(tree, 200 if well else 503)


def agent_checks(request: Request, seen: Snapshot) -> dict[str, dict[str, Any]]:
    """Return what is known of the parts of the agent: each pass, warn or fail."""
    loop = "pass" if seen.fresh and seen.tree.get("status") != "stopped" else "fail"
    if loop == "pass" and seen.tree.get("status") == "error":
        loop = "warn"
    found: dict[str, dict[str, Any]] = {
        "agent:loop": {
            "componentType": "system",
            "status": loop,
            "observedValue": None if seen.age is None else round(seen.age, 3),
            "observedUnit": "s",
            "output": seen.trouble,
        }
    }
    trouble = store_trouble(request)
    stored = {"status": "fail" if trouble else "pass", "output": trouble}
    found["store:open"] = {"componentType": "datastore", **stored}
    found["outbox:oldest"] = _outbox(request) if not trouble else stored
    late = seen.part("agent", "self", "lateness_s")
    if isinstance(late, int | float):
        found["scheduler:lateness"] = {
            "componentType": "system",
            "status": "pass",
            "observedValue": late,
            "observedUnit": "s",
            "output": "",
        }
    return found


def _outbox(request: Request) -> dict[str, Any]:
    counted = outbox.counts(desk(request).reading).values()
    waiting = [one.oldest_pending_at for one in counted if one.oldest_pending_at]
    age = max(time.time() - min(waiting), 0.0) if waiting else 0.0
    dead = sum(one.dead for one in counted)
    level = "warn" if dead or age > 30.0 else "pass"
    return {
        "componentType": "component",
        "status": level,
        "observedValue": round(age, 3),
        "observedUnit": "s",
        "output": f"dead: {dead}" if dead else "",
    }


def store_trouble(request: Request) -> str:
    """Return why the store cannot be read, "" if it can."""
    try:
        desk(request).reading.rows("SELECT 1 FROM meta LIMIT 1")
    except StoreError as error:
        return str(error).partition(": ")[2]
    return ""


def worst_of(checks: dict[str, dict[str, Any]]) -> str:
    """Return the worst status of all."""
    found = {one["status"] for one in checks.values()}
    return next(word for word in ("fail", "warn", "pass") if word in found)


_DETAILED = {"detailed": (TRUTH, "Tell of the parts too")}
ROUTES = (
    Entry("GET", "/livez", livez, "The web program answers", _WELL),
    Entry(
        "GET",
        "/readyz",
        readyz,
        "Store and status can be read",
        objects(status=words("ok", "error"), troubles={"type": "array", "items": TEXT}),
    ),
    Entry(
        "GET",
        "/health",
        health,
        "The agent's own health, as health+json",
        objects(status=words("pass", "warn", "fail"), version=TEXT, checks=OBJECT),
        media_type=_HEALTH_JSON,
    ),
    *(
        Entry(
            "GET",
            path,
            api_health,
            "The agent's own health, as the documents have it",
            objects(status=words("ok", "error")),
            query=_DETAILED,
        )
        for path in ("/api/health", "/api/v1/health")
    ),
)
