"""What people changed, and how the targets did before and after it.

A mark (``agent2 annotate``) opens a time of watch. What would be let pass on other days
is told in it: any incident, any loss of uptime, answers half as slow again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent2.cli.reports.parts import Part, milliseconds, part, percent
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.core.uptime import percentile, trusted, uptime
from agent2.host.clock import stamp
from agent2.store import marks
from agent2.store.history_view import over
from agent2.store.reporting import outages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent2.plan.values import TargetPlan
    from agent2.store.database import Database
    from agent2.store.marks import Mark

_SLOWER, _LEAST = 1.5, 0.01  # times as slow, and seconds that nobody notices


def compared(
    db: Database, chosen: Sequence[TargetPlan], since: float, till: float, now: float
) -> list[dict[str, Any]]:
    """Return each mark with each target that it is about, as JSON."""
    return [
        _compare(db, mark, target, now)
        for mark in marks.between(db, since, till)
        for target in chosen
        if mark.target in ("", target.name)
    ]


def _compare(
    db: Database, mark: Mark, target: TargetPlan, now: float
) -> dict[str, Any]:
    end = min(mark.at + mark.watch, now)
    opened = outages(db, mark.at, end)[0]
    many = sum(o.target == target.name and o.began_at >= mark.at for o in opened)
    before = _seen(db, target, mark.at - mark.watch, mark.at)
    after = _seen(db, target, mark.at, end)
    return {
        "at": stamp(mark.at),
        "what": mark.what,
        "who": mark.who,
        "target": target.name,
        "watch_s": mark.watch,
        "over": now >= mark.at + mark.watch,
        "before": before,
        "after": after | {"incidents": many},
        "worse": list(_worse(before, after, many)),
    }


def _seen(
    db: Database, target: TargetPlan, since: float, till: float
) -> dict[str, float | None]:
    hold = trusted(target.interval, target.timeout)
    found = over(db, target.name, since, till, hold)
    return {"uptime": uptime(found), "p95_s": percentile(found, 0.95)}


def _worse(before: dict[str, Any], after: dict[str, Any], many: int) -> Iterator[str]:
    if many:
        yield "incidents"
    if _both(before, after, "uptime") and after["uptime"] < before["uptime"]:
        yield "uptime"
    slow = (before["p95_s"] or 0.0) * _SLOWER + _LEAST
    if _both(before, after, "p95_s") and after["p95_s"] > slow:
        yield "p95"


def _both(before: dict[str, Any], after: dict[str, Any], figure: str) -> bool:
    return before[figure] is not None and after[figure] is not None


def section(found: list[dict[str, Any]]) -> Part:
    """Return it for people."""
    columns = ("at", "what", "target", "uptime", "p95", "incidents", "worse")
    return part("changes", columns, [_row(one) for one in found])


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    before, after = one["before"], one["after"]
    verdict = ", ".join(say(f"report.column.{what}") for what in one["worse"])
    if not verdict:
        verdict = say("report.not_worse") if one["over"] else say("report.watched")
    return (
        one["at"],
        visible(one["what"]),
        one["target"],
        f"{percent(before['uptime'])} → {percent(after['uptime'])}",
        f"{milliseconds(before['p95_s'])} → {milliseconds(after['p95_s'])}",
        str(after["incidents"]),
        verdict,
    )
