"""A report and a promise as their JSON: the same on the command line and in the API.

Times are RFC 3339 with offset, spans are seconds, shares are 0 to 1.
"""

from __future__ import annotations

from agent2.core.report import advice
from agent2.core.uptime import judged, mean, percentile, uptime
from agent2.host.clock import stamp

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from agent2.core.outages import Outage
    from agent2.core.report import Report, Told, Watched
    from agent2.core.slo import Budget
    from agent2.core.uptime import Bucket

SCHEMA = "agent2.report/1"


def document(found: Report) -> dict[str, Any]:
    """Return the whole report."""
    return {
        "schema": SCHEMA,
        "from": stamp(found.since),
        "to": stamp(found.till),
        "seconds": _s(found.till - found.since),
        "targets": [_target(one, found.till - found.since) for one in found.targets],
        "incidents": [outage(one) for one in found.incidents],
        "causes": [
            {"code": one.code, "count": one.count, "down_s": _s(one.down_s)}
            for one in found.causes
        ],
        "notifiers": [_told(one) for one in found.told],
        "look": [{"key": one.key, **one.fields} for one in advice(found)],
    }


def outage(one: Outage) -> dict[str, Any]:
    """Return one outage as its JSON."""
    ended = one.ended_at
    return {
        "id": one.id,
        "target": one.target,
        "began_at": stamp(one.began_at),
        "noticed_at": stamp(one.noticed_at),
        "ended_at": None if ended is None else stamp(ended),
        "duration_s": None if ended is None else _s(ended - one.began_at),
        "code": one.code,
        "detail": one.detail,
    }


def seen(bucket: Bucket, seconds: float) -> dict[str, Any]:
    """Return what was seen in *seconds*: uptime, judged share, counts, responses."""
    return {
        "uptime": share(uptime(bucket)),
        "judged": share(judged(bucket, seconds)),
        "down_s": _s(bucket.down_ms / 1000),
        "degraded_s": _s(bucket.degraded_ms / 1000),
        "checks": {
            "good": bucket.good,
            "degraded": bucket.degraded,
            "bad": bucket.bad,
            "unknown": bucket.unknown,
        },
        "response": {
            "count": bucket.answers,
            "mean_s": _s(mean(bucket), 6),
            "p50_s": _s(percentile(bucket, 0.5), 6),
            "p95_s": _s(percentile(bucket, 0.95), 6),
            "p99_s": _s(percentile(bucket, 0.99), 6),
            "max_s": None if bucket.max_us is None else bucket.max_us / 1e6,
        },
    }


def promise(
    facts: tuple[float, float, float] | None, budget: Budget | None
) -> dict[str, Any] | None:
    """Return how a promise (objective, window, latency) stands; None: there is none."""
    if facts is None or budget is None:
        return None
    objective, window, latency = facts
    return {
        "objective": objective,
        "window_s": window,
        "latency_s": latency or None,
        "uptime": share(budget.uptime),
        "judged": share(budget.judged),
        "budget": {
            "allowed_s": _s(budget.allowed_s),
            "spent_s": _s(budget.spent_s),
            "left": share(budget.left),
        },
        "burn": {name: _s(rate) for name, rate in budget.burn.items()},
        "alarm": budget.alarm,
        "fast": share(budget.fast),
    }


def _target(one: Watched, seconds: float) -> dict[str, Any]:
    sums, longest = one.outages, one.outages.longest
    return {
        "name": one.name,
        **seen(one.seen, seconds),
        "uptime_by_incidents": share(one.free),
        "incidents": {
            "count": sums.count,
            "open": sums.open,
            "down_s": _s(sums.down_s),
            "longest": None if longest is None else longest.id,
            "longest_s": _s(sums.longest_s),
            "mttd_s": _s(sums.mttd_s),
            "mttr_s": _s(sums.mttr_s),
            "mtbf_s": _s(sums.mtbf_s),
        },
        "warnings": one.warnings,
        "restarts": {
            "asked": one.restarts.asked,
            "helped": one.restarts.helped,
            "failed": one.restarts.failed,
            "withdrawn": one.restarts.withdrawn,
        },
        "slo": promise(one.promise, one.budget),
    }


def _told(one: Told) -> dict[str, Any]:
    return {
        "name": one.name,
        "delivered": one.delivered,
        "dead": one.dead,
        "waiting": one.waiting,
        "superseded": one.superseded,
        "success": share(one.success),
        "p50_s": _s(one.p50_s),
        "p95_s": _s(one.p95_s),
        "max_s": _s(one.max_s),
    }


def _s(seconds: float | None, digits: int = 3) -> float | None:
    return None if seconds is None else round(seconds, digits)


def share(found: float | None) -> float | None:
    """Return a share of 0 to 1 with as many digits as mean anything."""
    return None if found is None else round(found, 6)
