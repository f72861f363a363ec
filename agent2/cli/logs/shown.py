"""What was counted, in the headings and numbers of the operations guide's scripts.

Headings are the same in every language: other programs read them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from agent2.core.text import visible
from agent2.core.value import as_dict
from agent2.logs.access import Access
from agent2.logs.application import Application
from agent2.logs.times import Times

_SHARES = (("P50", 0.5), ("P90", 0.9), ("P99", 0.99))


def error_lines(found: Application, date: str) -> Iterator[str]:
    """Yield what ``error_analysis.sh`` prints, and hours without an error."""
    yield _heading("Error Analysis", date)
    yield "Total errors:"
    yield str(found.errors)
    yield "\nTop error types:"
    yield from _counted(found.types.top(10))
    yield "\nError timeline (hourly):"
    yield from _counted(found.hours.items())
    if found.unparsed:
        yield f"\nUnparsed lines: {found.unparsed}"


def time_lines(found: Application, date: str) -> Iterator[str]:
    """Yield what ``performance_analysis.sh`` prints, and percentiles."""
    yield _heading("Performance Analysis", date)
    yield "API response times (seconds):"
    yield from _times(found.times)
    yield f"\nSlow requests (>{found.limit:g}s):"
    for slow in found.slowest:
        yield json.dumps(as_dict(slow), ensure_ascii=False, indent=2)
    yield f"\nRequests started: {found.requests}"


def access_lines(found: Access, top: int, limit: int, *, whole: bool) -> Iterator[str]:
    """Yield the addresses that ask most, and those that ask too often."""
    found.finish()
    yield from _counted(found.addresses.top(top))
    yield from (
        f"Suspicious IP: {a} Requests: {n}" for a, n in _suspicious(found, limit)
    )
    if whole:
        yield f"\nRequests: {found.lines}"
        yield from _counted(sorted(found.statuses.top(1000)))
        yield "\nRequests (hourly):"
        yield from _counted(found.hours.in_order())
    if found.times.count:
        yield "\nResponse times (seconds):"
        yield from _times(found.times)
    if found.unparsed:
        yield f"\nUnparsed lines: {found.unparsed}"
    if found.addresses.cut:
        yield "\nToo many addresses: those with few requests are not all counted"


def application_tree(found: Application, date: str) -> dict[str, Any]:
    """Return the same as one JSON document."""
    return {
        "schema": "agent2.logs/1",
        "date": date or None,
        "errors": {
            "total": found.errors,
            "types": [{"message": m, "count": n} for m, n in found.types.top(10)],
            "hours": found.hours,
            "latest": [line.decode("utf-8", "replace") for line in found.latest],
        },
        "requests": found.requests,
        "times": _times_tree(found.times),
        "slow": [as_dict(slow) for slow in found.slowest],
        "unparsed": found.unparsed,
    }


def access_tree(found: Access, date: str, top: int, limit: int) -> dict[str, Any]:
    """Return the same as one JSON document."""
    found.finish()
    return {
        "schema": "agent2.logs/1",
        "date": date or None,
        "requests": found.lines,
        "statuses": dict(sorted(found.statuses.top(1000))),
        "hours": dict(found.hours.in_order()),
        "addresses": _listed(found.addresses.top(top)),
        "suspicious": _listed(_suspicious(found, limit)),
        "times": _times_tree(found.times),
        "unparsed": found.unparsed,
        "approximate": found.addresses.cut,
    }


def _heading(what: str, date: str) -> str:
    return f"=== {what} for {date} ===" if date else f"=== {what} ==="


def _counted(rows: Iterable[tuple[str, int]]) -> Iterator[str]:
    """Yield rows as ``uniq -c`` writes them."""
    return (f"{count:7d} {visible(key)}" for key, count in rows)


def _suspicious(found: Access, limit: int) -> list[tuple[str, int]]:
    """Return who asked more than *limit* times, by address as the script's sort."""
    return sorted((a, n) for a, n in found.asked.top(10_000) if n > limit)


def _listed(rows: Iterable[tuple[str, int]]) -> list[dict[str, Any]]:
    return [{"address": address, "requests": count} for address, count in rows]


def _times(times: Times) -> Iterator[str]:
    """Yield the lines as awk prints numbers: six digits."""
    if not times.count:
        yield "-"
        return
    yield f"Average: {times.mean:.6g}"
    yield f"Min: {times.least:.6g}"
    yield f"Max: {times.most:.6g}"
    for name, share in _SHARES:
        yield f"{name}: {times.percentile(share):.6g}"


def _times_tree(times: Times) -> dict[str, float] | None:
    if not times.count:
        return None
    shares = {name.lower(): times.percentile(share) for name, share in _SHARES}
    ends = {"mean": times.mean, "min": times.least, "max": times.most}
    return {"count": times.count, **ends, **shares}
