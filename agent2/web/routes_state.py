"""What is watched and how it is: the status document and its parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.store import journal, meta
from agent2.web.desk import desk
from agent2.web.replies import body_of, tagged
from agent2.web.routes import NUMBER, OBJECT, TEXT, TRUTH, WHOLE, Entry, lists, objects

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response


def state(request: Request) -> Response:
    """Return the status document, and where the journal stood when it was read."""
    at = desk(request)
    # The place first: what comes between the two is told twice, never not at all.
    place = {
        "store": meta.get(at.reading, "instance") or "",
        "seq": journal.last(at.reading),
    }
    seen = at.status()
    tree: dict[str, Any] = dict(seen.tree)
    tree["health_status"] = seen.health
    if not seen.fresh:  # nobody stands by it any more
        tree["targets"] = [
            one | {"state": "unknown"} for one in seen.entries("targets")
        ]
    tree |= {"fresh": seen.fresh, "journal": place}
    return tagged(request, body_of(tree))


STATE = objects(
    status=TEXT,
    health_status=TEXT,
    consecutive_failures=WHOLE,
    fixes=lists(OBJECT),
    seq=WHOLE,
    targets=lists(OBJECT),
    fresh=TRUTH,
    journal=objects(store=TEXT, seq=WHOLE),
)
ROUTES = (
    Entry(
        "GET",
        "/api/v1/state",
        state,
        "The status document, as the status file has it",
        STATE,
        refuses=("no_status",),
    ),
)
_ = NUMBER
