"""What a set of incidents says: how often, how long, how soon noticed and mended."""

from __future__ import annotations

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


@value
class Outage:
    """One incident of one target.

    Attributes:
        began_at: When its first bad check was seen (epoch seconds).
        noticed_at: When the incident was opened.
        ended_at: None while it lasts.
    """

    target: str
    began_at: float
    noticed_at: float
    ended_at: float | None
    code: str = ""
    id: str = ""
    detail: str = ""


@value
class Outages:
    """Figures of the outages in some time. Times are seconds; None: there is none.

    Attributes:
        down_s: How long the target was down: what overlaps counts once, what lies
            outside of the time does not count.
        longest: The one of which most lies inside.
        mttd_s: From the first bad check to the incident, on average.
        mttr_s: From the first bad check to the recovery, of those that ended.
        mtbf_s: Time that it was not down, for each outage that began inside.
    """

    count: int = 0
    open: int = 0
    down_s: float = 0.0
    longest: Outage | None = None
    longest_s: float = 0.0
    mttd_s: float | None = None
    mttr_s: float | None = None
    mtbf_s: float | None = None


def figures(outages: Iterable[Outage], since: float, till: float) -> Outages:
    """Return the figures of one target's *outages* within [since, till)."""
    inside = [
        one
        for one in outages
        if _length(one, since, till) > 0.0 or _in(one, since, till)
    ]
    if not inside:
        return Outages()
    longest = max(inside, key=lambda one: (_length(one, since, till), -one.began_at))
    ended = [one for one in inside if one.ended_at is not None and one.ended_at <= till]
    began = sum(_in(one, since, till) for one in inside)
    down = union_s(inside, since, till)
    return Outages(
        count=len(inside),
        open=len(inside) - len(ended),
        down_s=down,
        longest=longest,
        longest_s=_length(longest, since, till),
        mttd_s=_mean([max(one.noticed_at - one.began_at, 0.0) for one in inside]),
        mttr_s=_mean([(one.ended_at or 0.0) - one.began_at for one in ended]),
        mtbf_s=(till - since - down) / began if began else None,
    )


def union_s(outages: Iterable[Outage], since: float, till: float) -> float:
    """Return the seconds of [since, till) that lie in any of *outages*."""
    total, reached = 0.0, since
    for one in sorted(outages, key=lambda one: one.began_at):
        end = till if one.ended_at is None else min(one.ended_at, till)
        begin = max(one.began_at, reached)
        if end > begin:
            total += end - begin
            reached = end
    return total


def _length(one: Outage, since: float, till: float) -> float:
    return union_s((one,), since, till)


def _in(one: Outage, since: float, till: float) -> bool:
    return since <= one.began_at < till


def _mean(spans: list[float]) -> float | None:
    return sum(spans) / len(spans) if spans else None
