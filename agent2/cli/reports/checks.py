"""The slowest checks, by the answer that each gave last: the status knows each one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from agent2.cli.reports.parts import Part, part
from agent2.cli.words import say
from agent2.wire.snapshot import Snapshot

_MOST = 10


def slowest(seen: Snapshot, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the checks of the targets *names*, the slowest first, as JSON."""
    wanted = set(names)
    found: list[dict[str, Any]] = [
        {"target": target, "check": str(one.get("name")), "last_s": float(took)}
        for entry in seen.entries("targets")
        if (target := str(entry.get("name"))) in wanted
        for one in entry.get("checks") or ()
        if isinstance(one, dict)
        if isinstance(
            took := one.get("response_s") or one.get("duration_s"), int | float
        )
    ]
    found.sort(key=lambda one: one["last_s"], reverse=True)
    return found[:_MOST]


def section(rows: list[dict[str, Any]]) -> Part:
    """Return them as a section."""
    return part(
        "slow_checks",
        ("target", "check", "took"),
        [
            (one["target"], one["check"], f"{1000 * one['last_s']:.1f} ms")
            for one in rows
        ],
        empty=say("report.no_answers"),
    )
