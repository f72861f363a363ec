"""``agent2 trace TARGET --look``: the newest look at a target, station by station."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from agent2.cli import codes
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.settings import Settings
from agent2.cli.state.trace_steps import Step
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store.codec import load_object
from agent2.wire.log_records import CHAIN

_BLOCK = 1 << 16
_MOST = 64 << 20  # bytes of the log that are looked through, from its end


def newest(settings: Settings, target: str) -> dict[str, Any]:
    """Return the newest record of a look at *target*, from the JSON log.

    Raises:
        Failure: there is no such target, or no record of a look at it.
    """
    plan = obtain(settings)
    if target not in {one.name for one in plan.targets}:
        message = say("order.unknown_target", subject=visible(target))
        raise Failure(codes.USAGE, message, "agent2 status")
    path = plan.log.json_path or settings.path("agent2.jsonl")
    for line in _from_the_end(path):
        if target.encode() in line and b'"cycle"' in line:
            record = load_object(line.decode("utf-8", "replace"))
            if record.get("target") == target and "chain" in record:
                return record
    message = say("trace.no_look", subject=visible(target))
    raise Failure(codes.FAILED, message, "agent2 config set log.json_calm true")


def steps(record: dict[str, Any]) -> list[Step]:
    """Return its stations and checks in the order of their times."""
    chain, nodes = record["chain"], record["node_logs"]
    about = {
        "done": {"verdict": record["verdict"], "code": record["code"]},
        "stored": {"health": record["health"]},
    }
    found = [Step(_at(chain[n]), n, "", about.get(n, {})) for n in CHAIN]
    found += [
        Step(
            _at(node["end_time"]),
            "detection",
            node["node_name"],
            {"code": node["code"], "duration_ms": node["duration"]},
        )
        for node in nodes
        if "end_time" in node
    ]
    order = {name: rank for rank, name in enumerate(CHAIN)} | {"detection": 2}
    return sorted(found, key=lambda step: (step.at, order[step.station]))


def _at(stamp: str) -> float:
    return datetime.fromisoformat(stamp).timestamp()


def _from_the_end(path: str) -> Iterator[bytes]:
    """Yield the lines of a file, the last one first; none where it cannot be read."""
    try:
        with open(path, "rb") as file:
            at = file.seek(0, os.SEEK_END)
            least, rest = max(at - _MOST, 0), b""
            while at > least:
                size = min(_BLOCK, at - least)
                at = file.seek(at - size)
                first, *lines = (file.read(size) + rest).split(b"\n")
                rest = first
                yield from reversed(lines)
            yield rest
    except OSError:
        return
