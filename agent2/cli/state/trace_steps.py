"""The steps of one incident, from the store and from the log."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from agent2.store.journal import Entry
from agent2.store.outcomes import Outcome
from agent2.store.story import Story

# What happened where, and its word.
STATIONS = {
    "due": "trace.due",
    "claimed": "trace.claimed",
    "started": "trace.started",
    "done": "trace.done",
    "stored": "trace.stored",
    "detection": "trace.detection",
    "decision": "trace.decision",
    "action": "trace.action",
    "proof": "trace.proof",
    "alert": "trace.alert",
    "delivery": "trace.delivery",
    "recovery": "trace.recovery",
    "audit": "trace.audit",
    "log": "trace.log",
}
_OF_KIND = {
    "health.changed": "detection",
    "incident.opened": "detection",
    "target.warned": "decision",
    "restart.requested": "decision",
    "restart.withheld": "decision",
    "restart.withdrawn": "decision",
    "action.done": "action",
    "action.proved": "proof",
    "alert.queued": "alert",
    "incident.resolved": "recovery",
}
_TIMES = ("at", "opened_at")  # a step begins with its time
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) - \w+ - (\w+) - (.*)")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened; *at* is epoch seconds, *about* plain values."""

    at: float
    station: str
    what: str
    about: dict[str, Any] = field(default_factory=dict)


def of_story(found: Story) -> list[Step]:
    """Return what the store tells, source by source."""
    steps = [_entry(entry) for entry in found.entries]
    steps += [
        Step(line.at, "audit", line.type, _told(line.payload)) for line in found.audited
    ]
    for one in found.deliveries:
        steps += _delivery(one)
    return steps


def of_log(path: str, sid: str, since: float) -> list[Step]:
    """Return the lines of the log that bear *sid*, also of files that it outgrew."""
    ahead, behind = f"[{sid}] ", f" [{sid}]"
    steps = []
    for line in _lines(path, since):
        found = _LINE.match(line) if sid in line else None
        said = found[4] if found else ""
        if found and (said.startswith(ahead) or said.endswith(behind)):
            at = datetime.strptime(found[1], "%Y-%m-%d %H:%M:%S").timestamp()
            text = f"{found[3]} {said.removeprefix(ahead).removesuffix(behind)}"
            steps.append(Step(at + int(found[2]) / 1e3, "log", text))
    return steps


def _lines(path: str, since: float) -> Iterator[str]:
    """Yield the lines of the log and its older files, the oldest first."""
    older: list[str] = []
    while os.path.exists(f"{path}.{len(older) + 1}"):
        older.append(f"{path}.{len(older) + 1}")
    for name in (*reversed(older), path):
        try:
            if os.stat(name).st_mtime >= since - 1.0:
                with open(name, encoding="utf-8", errors="replace") as file:
                    yield from file
        except OSError:
            continue  # turned over just now, or somebody else's


def _entry(entry: Entry) -> Step:
    station = _OF_KIND.get(entry.kind, "decision")
    return Step(entry.at, station, entry.kind, _told(entry.body))


def _delivery(one: Outcome) -> list[Step]:
    """Return when it was queued, its newest failed attempt, its end."""
    kind = one.id.removeprefix(f"{one.incident}/").partition("/")[0]
    facts = {"kind": kind, "notifier": one.notifier}
    steps = [Step(one.created_at, "delivery", f"{one.notifier}: queued", facts)]
    if one.failed_at is not None:
        why = facts | {"attempt": one.attempts, "cause": one.cause}
        if one.state != "delivered":
            why["detail"] = one.detail
        steps.append(Step(one.failed_at, "delivery", f"{one.notifier}: failed", why))
    if one.finished_at is not None:
        end = facts | {"attempts": one.attempts}
        what = f"{one.notifier}: {one.state}"
        steps.append(Step(one.finished_at, "delivery", what, end))
    return steps


def _told(body: dict[str, Any]) -> dict[str, Any]:
    return {
        key: each
        for key, each in body.items()
        if key not in _TIMES and each not in ("", None, False, [], {})
    }
