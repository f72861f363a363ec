"""What is watched and how it is: the status document, its parts, the past of each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.store import history, journal, meta
from agent2.web.desk import cursor, desk, limit
from agent2.web.refusals import Refusal
from agent2.web.replies import body_of, reply, tagged
from agent2.web.routes import CURSOR, LIMIT, Entry
from agent2.web.shapes import (
    CHECK,
    POINT,
    STATE,
    TARGET,
    TEXT,
    TIME,
    WHOLE,
    lists,
    maybe,
    objects,
    paged,
)
from agent2.wire import records

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from agent2.web.desk import Desk
    from agent2.wire.snapshot import Snapshot

# Our times as whole numbers and back, exactly: of a cursor in microseconds one in two
# hundred was read as the float after it, and its row came twice.
_TICKS = 2**22


def state(request: Request) -> Response:
    """Return the status document, and where the journal stood when it was read."""
    at = desk(request)
    return tagged(request, body_of(state_tree(at, at.status())))


def state_tree(at: Desk, seen: Snapshot) -> dict[str, Any]:
    """Return the document of the state."""
    # What comes between the two looks is told twice, never not at all.
    store, seq = meta.get(at.reading, "instance") or "", journal.last(at.reading)
    tree = dict(seen.tree)
    tree["health_status"] = seen.health
    tree["targets"] = watched(seen)
    if not seen.fresh and "groups" in tree:
        tree["groups"] = _unknown(seen.entries("groups"))
    return tree | {"fresh": seen.fresh, "journal": {"store": store, "seq": seq}}


def watched(seen: Snapshot) -> list[dict[str, Any]]:
    """Return the targets of a status; unknown when nobody stands by it any more."""
    found = seen.entries("targets")
    if seen.fresh:
        return found
    return _unknown(found)


def _unknown(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one | {"state": "unknown"} for one in found]


def target_of(request: Request, name: str) -> dict[str, Any]:
    """Return the target *name* as it is now.

    Raises:
        Refusal: there is none, or no status.
    """
    for one in watched(desk(request).status()):
        if one.get("name") == name:
            return one
    raise Refusal("unknown", what="target", name=name, list="/api/v1/targets")


def targets(request: Request) -> Response:
    """List the targets in the order of the configuration."""
    wanted, begin = limit(request, 500), cursor(request) or 0
    found = watched(desk(request).status())
    chosen = request.query_params.get("state")
    if chosen is not None:
        found = [one for one in found if one.get("state") == chosen]
    end = begin + wanted
    more = str(end) if end < len(found) else None
    tree = {"targets": found[begin:end], "next": more}
    return tagged(request, body_of(tree))


def target(request: Request) -> Response:
    """Show one target."""
    return tagged(request, body_of(target_of(request, request.path_params["name"])))


def checks(request: Request) -> Response:
    """List the last result of every check."""
    found = [
        {"target": one.get("name"), "checked_at": one.get("last_check"), **check}
        for one in watched(desk(request).status())
        for check in one.get("checks", ())
    ]
    return tagged(request, body_of({"checks": found}))


def config_status(request: Request) -> Response:
    """Tell which configuration counts and how the last reload went."""
    found = desk(request).status().part("agent", "config")
    return reply(found if isinstance(found, dict) else {})


def _named(request: Request) -> str:
    name = request.query_params.get("target")
    if not name:
        raise Refusal("bad_query", field="target", why="?")
    return name


def past(request: Request) -> Response:
    """List the verdicts of one target, newest last."""
    at, name, wanted = desk(request), _named(request), limit(request, 500)
    before = cursor(request)
    till = None if before is None else before / _TICKS
    found = history.recent(at.reading, name, wanted, till)
    more = str(int(found[0].at * _TICKS)) if len(found) >= wanted else None
    points = [records.point(one) for one in found]
    return reply({"target": name, "points": points, "next": more})


_OF = {"target": (TEXT, "Whose; needed")}


def _read(path: str, endpoint: Any, summary: str, answers: Any, **more: Any) -> Entry:
    return Entry("GET", f"/api/v1/{path}", endpoint, summary, answers, **more)


_NONE = ("no_status",)
_UNKNOWN = ("no_status", "unknown")
ROUTES = (
    _read("state", state, "The status document", STATE, refuses=_NONE),
    _read(
        "targets",
        targets,
        "What is watched",
        paged("targets", TARGET),
        query={
            "limit": LIMIT,
            "cursor": CURSOR,
            "state": (TEXT, "Only those in this state"),
        },
        refuses=_NONE,
    ),
    _read("targets/{name}", target, "One target", TARGET, refuses=_UNKNOWN),
    _read(
        "checks",
        checks,
        "The last result of every check",
        objects(checks=lists(CHECK)),
        refuses=_NONE,
    ),
    _read(
        "config/status",
        config_status,
        "Which configuration counts; how the last reload went",
        objects(path=TEXT, sha=TEXT, profile=TEXT, loaded_at=TIME, warnings=WHOLE),
        refuses=_NONE,
    ),
    _read(
        "history",
        past,
        "The verdicts of a target, oldest first; `next` leads to older ones",
        objects(target=TEXT, points=lists(POINT), next=maybe(TEXT)),
        query=_OF | {"limit": LIMIT, "cursor": CURSOR},
    ),
)
