"""The capacity section of a report: what each machine uses, and where that goes."""

from __future__ import annotations

from typing import Any

from agent2.cli.reports.parts import NONE, Part, part
from agent2.cli.reports.resources import outlook
from agent2.core.value import replace
from agent2.store import capacity
from agent2.store.database import Database


def rooms(db: Database) -> list[dict[str, Any]]:
    """Return every series of a machine with its outlook of a week, as JSON."""
    return [
        {"target": of.target} | outlook(one, capacity.DAYS, capacity.LIMIT)
        for of in capacity.machines(db)
        for one in capacity.outlooks(db, of)
    ]


def section(found: list[dict[str, Any]]) -> Part:
    """Return them as a section; its lines are the documents' warnings."""
    rows = [
        (
            one["target"],
            one["name"],
            f"{one['current']:.1f} %",
            f"{max(one['predicted'], 0.0):.1f} %",
            (one["full_at"] or NONE)[:10],
        )
        for one in found
    ]
    columns = ("target", "series", "now", "in_a_week", "full")
    warned = tuple(f"{o['target']}: {o['warning']}" for o in found if o["warning"])
    return replace(part("capacity", columns, rows), lines=warned)
