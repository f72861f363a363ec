"""What is known of a target, in plain sentences."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from agent2.cli.settings import Settings
from agent2.cli.state import snapshot
from agent2.cli.state.machine import duration
from agent2.cli.state.remarks import stale
from agent2.cli.state.why_past import Past, kind
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.model import ActionResult
from agent2.wire.records import moment
from agent2.wire.snapshot import Snapshot

Entry = dict[str, Any]


def sentences(
    entry: Entry, seen: Snapshot, past: Past, trouble: str, settings: Settings
) -> Iterator[str]:
    """Yield them: believed, found, done, told, next."""
    yield from _believed(entry, seen, settings)
    open_now = past.incident is not None and past.incident.resolved_at is None
    if open_now:
        above = failing_above(entry, seen)
        if above:
            yield say("why.depends", names=", ".join(above))
        yield from _found(past)
        yield from _done(entry, past)
        yield from _told(entry, seen, past)
    elif past.incident is not None:
        one = past.incident
        length = duration((one.resolved_at or 0.0) - one.opened_at)
        facts = {"at": moment(one.opened_at), "length": length, "code": one.code}
        command = typed(f"trace {one.id}", settings)
        yield say("why.last", detail=one.detail, command=command, **facts)
    if trouble:
        yield say("why.no_store", why=trouble)
    yield from _next(entry, seen, settings)


def faults(entry: Entry) -> list[Entry]:
    """Return the checks that found something, as the status shows them."""
    return [
        one
        for one in snapshot.objects(entry.get("checks"))
        if one.get("outcome") != "ok" or one.get("code") != "ok"
    ]


def failing_above(entry: Entry, seen: Snapshot) -> list[str]:
    """Return what it depends on, target or group, and is down: the likely cause."""
    wanted = entry.get("depends_on")
    both = (*seen.entries("targets"), *seen.entries("groups"))
    down = {one.get("name") for one in both if one.get("state") == "down"}
    return [str(n) for n in wanted if n in down] if isinstance(wanted, list) else []


def upcoming(entry: Entry, seen: Snapshot) -> Entry:
    """Return when it is looked at, and restarted, next: as JSON."""
    restarts = _restarts(entry)
    return {
        "check_at": _check_at(entry) if seen.fresh else None,
        "restart_at": restarts.get("next_restart_at"),
        "restarts_enabled": restarts.get("enabled"),
        "exhausted": restarts.get("exhausted"),
        "paused": entry.get("paused"),
    }


def _believed(entry: Entry, seen: Snapshot, settings: Settings) -> Iterator[str]:
    name = entry.get("name")
    if not seen.fresh:
        reason = say("doctor.not_running")
        if seen.owner.running:
            reason = stale(seen, settings)
        yield say("why.nobody_knows", target=name, why=reason)
        return
    facts = {"target": name, "since": entry.get("since"), "age": _age(entry)}
    count, most = entry.get("consecutive_failures"), entry.get("failure_threshold")
    match entry.get("health"):
        case "healthy" if entry.get("degraded"):
            yield say("why.degraded", **facts)
        case "healthy":
            yield say("why.healthy", **facts)
        case "failing":
            yield say("why.failing", count=count, most=most, **facts)
        case "unhealthy":
            yield say("why.unhealthy", count=count, **facts)
        case "recovering":
            yield say("why.recovering", **facts)
        case _:
            yield say("why.unknown", target=name)
    for one in faults(entry):
        shown = {key: one.get(key) for key in ("name", "code", "detail")}
        yield say("why.check", **shown)
    if entry.get("flapping"):
        yield say("why.flapping")


def _found(past: Past) -> Iterator[str]:
    if past.evidence:
        yield say("why.found", summary=past.evidence, path=past.path)
    elif past.path:
        yield say("why.evidence", path=past.path)


def _done(entry: Entry, past: Past) -> Iterator[str]:
    for row in past.done:
        facts = {"at": moment(row.planned_at), "n": row.attempt, "label": row.label}
        match row.result:
            case ActionResult.SUCCESS:
                yield say("why.helped", **facts)
            case ActionResult.FAILED:
                yield say("why.no_help", **facts)
            case ActionResult.WITHDRAWN:
                yield say("why.withdrawn", **facts)
            case _:
                yield say("why.under_way", **facts)
    reason, note = past.withheld
    said_next = "off" if _restarts(entry).get("enabled") is False else "exhausted"
    if reason not in ("", said_next):
        yield say("why.withheld", why=f"{reason}: {note}" if note else reason)
    elif not reason and not past.done:
        yield say("why.nothing_done")


def _told(entry: Entry, seen: Snapshot, past: Past) -> Iterator[str]:
    for one in past.told:
        facts = {"name": one.notifier, "kind": kind(one), "tries": one.attempts}
        match one.state:
            case "delivered":
                yield say("why.arrived", at=moment(one.finished_at), **facts)
            case "dead":
                yield say("why.given_up", why=f"{one.cause}: {one.detail}", **facts)
            case _:
                why = f"{one.cause}: {one.detail}" if one.cause else ""
                yield say("why.waits", why=why or say("why.no_answer"), **facts)
    incident = past.incident
    if incident is not None and incident.acked_at is not None:
        yield say("why.acked", who=incident.acked_by, at=moment(incident.acked_at))
    silence = entry.get("silenced")
    if isinstance(silence, dict):
        yield say("why.silenced", who=silence.get("who"), until=silence.get("until"))
    if not past.told:
        known = seen.entries("notifiers")
        yield say("why.nobody_told") if known else say("doctor.nobody")


def _next(entry: Entry, seen: Snapshot, settings: Settings) -> Iterator[str]:
    at = _check_at(entry)
    if seen.fresh and at:
        yield say("why.next_check", at=at, every=f"{entry.get('interval_s'):g}")
    if entry.get("health") != "unhealthy":
        return
    name, restarts = entry.get("name"), _restarts(entry)
    age, due = seen.part("restart_signal", "age_s"), restarts.get("next_restart_at")
    spent = f"{restarts.get('used')}/{restarts.get('limit')}"
    if restarts.get("enabled") is False:
        yield say("why.off")
        return
    if entry.get("paused"):
        yield say("why.paused", command=typed(f"gate approve {name}", settings))
    if isinstance(age, int | float) and seen.tree.get("primary") == name:
        yield say("why.untaken", age=duration(float(age)))
    elif restarts.get("dry_run"):
        return  # what was withheld says so: none comes
    elif restarts.get("exhausted"):
        yield say("why.exhausted", spent=spent, at=due or "-")
    elif (snapshot.seconds_since(due) or 0.0) < 0:
        yield say("why.next_restart", at=due, spent=spent)


def _restarts(entry: Entry) -> Entry:
    found = entry.get("restarts")
    return found if isinstance(found, dict) else {}


def _check_at(entry: Entry) -> str | None:
    """Return when it is looked at next; a look that is due comes at once."""
    passed = snapshot.seconds_since(entry.get("last_check"))
    every = entry.get("interval_s")
    if passed is None or not isinstance(every, int | float):
        return None
    left = max(every - passed, 0.0)
    return (
        datetime.fromtimestamp(time.time() + left)
        .astimezone()
        .isoformat(timespec="seconds")
    )


def _age(entry: Entry) -> str:
    passed = snapshot.seconds_since(entry.get("since"))
    return "?" if passed is None else duration(passed)
