"""What a report tells, as values, and by which rules it says where to look."""

from __future__ import annotations

from agent2.core.outages import Outage, Outages
from agent2.core.uptime import Bucket
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.core.slo import Budget

_BLIND = 0.05  # a larger share of time without a look is said
_OFTEN = 3
_SLOW_S = 1.0
_UNEVEN = 10.0
_MOST = 6


@value
class Restarts:
    """Restarts asked for, and what is known of them; the rest is not known (yet)."""

    asked: int = 0
    helped: int = 0
    failed: int = 0
    withdrawn: int = 0


@value
class Watched:
    """One target in the time of the report.

    Attributes:
        uptime: By its checks: share of the judged time; None: nothing was judged.
        judged: Share of the time that was judged.
        free: By its incidents: share of the time without one.
        warnings: Incidents that only warned (slow, half-well).
    """

    name: str
    uptime: float | None
    judged: float
    free: float
    seen: Bucket = Bucket()
    outages: Outages = Outages()
    warnings: int = 0
    restarts: Restarts = Restarts()
    p50_s: float | None = None
    p95_s: float | None = None
    p99_s: float | None = None
    promise: tuple[float, float, float] | None = None  # objective, window, latency
    budget: Budget | None = None


@value
class Told:
    """How one notifier did. *waiting* ones have neither arrived nor failed."""

    name: str
    delivered: int = 0
    dead: int = 0
    waiting: int = 0
    superseded: int = 0
    p50_s: float | None = None
    p95_s: float | None = None
    max_s: float | None = None

    @property
    def success(self) -> float | None:
        """The share of what was decided that arrived."""
        decided = self.delivered + self.dead
        return self.delivered / decided if decided else None


@value
class Cause:
    """A code that incidents began with: how often, and for how long in all."""

    code: str
    count: int
    down_s: float


@value
class Report:
    """The whole report of [since, till), epoch seconds."""

    since: float
    till: float
    targets: tuple[Watched, ...]
    incidents: tuple[Outage, ...] = ()
    causes: tuple[Cause, ...] = ()
    told: tuple[Told, ...] = ()


@value
class Advice:
    """One thing to look at: the key of its sentence, and what stands in it."""

    key: str
    fields: dict[str, str]


def advice(report: Report) -> tuple[Advice, ...]:
    """Return what to look at, the gravest first; never nothing."""
    found = tuple(_found(report))[:_MOST]
    return found or (Advice("calm", {}),)


def _found(report: Report) -> Iterator[Advice]:
    for one in report.targets:
        if one.outages.open:
            yield Advice("down", {"target": one.name})
    for one in report.targets:
        yield from _promise(one)
    for told in report.told:
        if told.dead:
            many = str(told.delivered + told.dead)
            yield Advice(
                "untold", {"notifier": told.name, "dead": str(told.dead), "all": many}
            )
    if report.incidents and not any(told.delivered for told in report.told):
        yield Advice("nobody", {"count": str(len(report.incidents))})
    for one in report.targets:
        known = one.restarts
        if known.failed and known.failed >= known.helped:
            counts = {"failed": str(known.failed), "asked": str(known.asked)}
            yield Advice("useless", {"target": one.name} | counts)
    for cause in report.causes[:1]:
        if cause.count >= _OFTEN:
            yield Advice("cause", {"code": cause.code, "count": str(cause.count)})
    for one in report.targets:
        share = _blind(one, report)
        if share > _BLIND:
            yield Advice("blind", {"target": one.name, "share": f"{100 * share:.1f}"})
    for one in report.targets:
        if one.p50_s and one.p99_s and one.p99_s >= max(_SLOW_S, _UNEVEN * one.p50_s):
            times = {"p99": f"{one.p99_s:.2f}", "p50": f"{one.p50_s:.2f}"}
            yield Advice("uneven", {"target": one.name} | times)


def _blind(one: Watched, report: Report) -> float:
    """Return the share of the time, from its first look on, in which nobody looked."""
    first = one.seen.first_at
    since = report.since if first is None else max(first, report.since)
    return 1.0 - one.seen.judged_ms / 1000.0 / max(report.till - since, 1e-3)


def _promise(one: Watched) -> Iterator[Advice]:
    budget = one.budget
    if budget is None:
        return
    if budget.left < 0.0:
        over = f"{-100 * budget.left:.0f}"
        yield Advice("broken", {"target": one.name, "over": over})
    if budget.alarm:
        yield Advice(f"burn.{budget.alarm}", {"target": one.name})
