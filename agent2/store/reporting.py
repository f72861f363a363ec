"""Everything that a report tells, read from the store."""

from __future__ import annotations

from agent2.core.outages import Outage, figures
from agent2.core.report import Cause, Report, Restarts, Told, Watched
from agent2.core.slo import Budget, Objective, Seen, standing
from agent2.core.spread import exact, within
from agent2.core.uptime import judged, percentile, uptime
from agent2.store.codec import maybe_number, number
from agent2.store.history_view import over

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from agent2.store.database import Database

# An alert says when the trouble began; the journal has each, whoever wanted it. What
# only warned has an alert that says so; where the journal is gone, its severity does.
_OUTAGES = """
SELECT i.id, i.target, i.opened_at, i.resolved_at, i.code, i.detail,
    (SELECT min(json_extract(j.body, '$.opened_at')) FROM journal AS j
        WHERE j.incident = i.id AND j.kind = 'alert.queued' AND json_valid(j.body)),
    coalesce((SELECT max(json_extract(j.body, '$.kind') = 'degraded')
        FROM journal AS j WHERE j.incident = i.id AND j.kind = 'alert.queued'
        AND json_valid(j.body)), i.severity = 'warning')
FROM incidents AS i
WHERE i.opened_at < ?2 AND (i.resolved_at IS NULL OR i.resolved_at > ?1)
ORDER BY i.opened_at, i.id
"""
_RESTARTS = """
SELECT target, count(*), count(*) FILTER (WHERE result = 'success'),
    count(*) FILTER (WHERE result = 'failed'),
    count(*) FILTER (WHERE result = 'withdrawn')
FROM actions WHERE kind != 'warn' AND planned_at >= ? AND planned_at < ?
GROUP BY target
"""
_TOLD = """
SELECT notifier, state, max(finished_at - created_at, 0.0) FROM deliveries
WHERE created_at >= ? AND created_at < ? ORDER BY notifier
"""


def report(
    db: Database,
    holds: Mapping[str, float],
    promises: Mapping[str, Objective],
    since: float,
    till: float,
) -> Report:
    """Return the report of the targets in *holds* (name -> trusted seconds)."""
    found, warned = outages(db, since, till)
    found = [one for one in found if one.target in holds]
    asked = restarts(db, since, till)
    watched = []
    for name, hold in holds.items():
        mine = [one for one in found if one.target == name]
        seen = over(db, name, since, till, hold)
        sums = figures(mine, since, till)
        promise = promises.get(name)
        watched.append(
            Watched(
                name=name,
                uptime=uptime(seen),
                judged=judged(seen, till - since),
                free=1.0 - sums.down_s / (till - since),
                seen=seen,
                outages=sums,
                warnings=sum(one.target == name for one in warned),
                restarts=asked.get(name, Restarts()),
                p50_s=percentile(seen, 0.5),
                p95_s=percentile(seen, 0.95),
                p99_s=percentile(seen, 0.99),
                promise=_facts(promise),
                budget=None
                if promise is None
                else stand(db, name, promise, till, hold),
            )
        )
    causes = _causes(found, since, till)
    return Report(
        since, till, tuple(watched), tuple(found), causes, told(db, since, till)
    )


def stand(
    db: Database, target: str, promise: Objective, now: float, hold: float
) -> Budget:
    """Return how the promise of *target* stands at *now*."""
    whole = over(db, target, now - promise.window, now, hold)
    fast = None
    if promise.latency and whole.answers:
        fast = within(whole.spread, promise.latency) / whole.answers

    def seen(seconds: float) -> Seen:
        found = whole
        if seconds != promise.window:
            found = over(db, target, now - seconds, now, hold)
        return Seen(found.judged_ms / 1000, found.down_ms / 1000)

    return standing(promise, seen, fast)


def outages(
    db: Database, since: float, till: float
) -> tuple[list[Outage], list[Outage]]:
    """Return the outages that touch [since, till), and what only warned."""
    down: list[Outage] = []
    warned: list[Outage] = []
    for key, target, opened, closed, code, detail, began, warns in db.rows(
        _OUTAGES, (since, till)
    ):
        noticed = number(opened)
        first = maybe_number(began)
        one = Outage(
            str(target),
            noticed if first is None else min(first, noticed),
            noticed,
            maybe_number(closed),
            str(code),
            str(key),
            str(detail),
        )
        (warned if warns else down).append(one)
    return down, warned


def _facts(promise: Objective | None) -> tuple[float, float, float] | None:
    if promise is None:
        return None
    return promise.objective, promise.window, promise.latency


def restarts(db: Database, since: float, till: float) -> dict[str, Restarts]:
    """Return per target what came of the restarts that were asked for."""
    return {
        str(target): Restarts(*map(int, counts))
        for target, *counts in db.rows(_RESTARTS, (since, till))
    }


def _causes(found: Iterable[Outage], since: float, till: float) -> tuple[Cause, ...]:
    groups: dict[str, list[Outage]] = {}
    for one in found:
        groups.setdefault(one.code, []).append(one)
    causes = [
        Cause(code, len(some), sum(figures((o,), since, till).down_s for o in some))
        for code, some in groups.items()
    ]
    return tuple(sorted(causes, key=lambda one: (-one.count, -one.down_s, one.code)))


def told(db: Database, since: float, till: float) -> tuple[Told, ...]:
    """Return how each notifier did with what was queued in the time."""
    spans: dict[str, dict[str, list[float]]] = {}
    for notifier, state, span in db.rows(_TOLD, (since, till)):
        states = spans.setdefault(str(notifier), {})
        states.setdefault(str(state), []).append(maybe_number(span) or 0.0)
    made = []
    for name, states in spans.items():
        took = sorted(states.get("delivered", ()))
        counts = {state: len(some) for state, some in states.items()}
        made.append(
            Told(
                name,
                delivered=len(took),
                dead=counts.get("dead", 0),
                waiting=counts.get("pending", 0) + counts.get("sending", 0),
                superseded=counts.get("superseded", 0),
                p50_s=exact(took, 0.5),
                p95_s=exact(took, 0.95),
                max_s=took[-1] if took else None,
            )
        )
    return tuple(made)
