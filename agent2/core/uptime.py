"""How long a target was up, from what its checks found, and for how long that is known.

A verdict holds until the next look, and no longer than it is trusted (two intervals
and a timeout, as in the status). What nobody looked at in time (the agent was down, the
machine slept, our own trouble) is neither up nor down: it is not judged, and each
figure comes with the share that was. Sums are whole milliseconds and microseconds, so
that merging is exact in any order.
"""

from __future__ import annotations

from agent2.core.spread import merge as merge_spreads
from agent2.core.spread import place, quantile
from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from agent2.core.spread import Spread

    Row = tuple[float, str, float | None]  # at (epoch seconds), verdict, response_s

_WORDS = {"good": 0, "degraded": 1, "bad": 2}
_UNKNOWN = 3


@value
class Bucket:
    """What was seen of one target in some time.

    Attributes:
        good, degraded, bad, unknown: Cycles of each verdict.
        up_ms, degraded_ms, down_ms: How long these verdicts held.
        answers: Cycles with a response time; *sum_us*, *min_us*, *max_us*, *spread*
            are of these.
        first_at, last_at: Epoch seconds of the first and the last cycle.
    """

    good: int = 0
    degraded: int = 0
    bad: int = 0
    unknown: int = 0
    up_ms: int = 0
    degraded_ms: int = 0
    down_ms: int = 0
    answers: int = 0
    sum_us: int = 0
    min_us: int | None = None
    max_us: int | None = None
    spread: Spread = {}  # noqa: RUF012  (never changed; see core/value.py)
    first_at: float | None = None
    last_at: float | None = None

    @property
    def judged_ms(self) -> int:
        """How long it is known whether the target was up."""
        return self.up_ms + self.degraded_ms + self.down_ms

    @property
    def looks(self) -> int:
        """How many cycles there were."""
        return self.good + self.degraded + self.bad + self.unknown


def trusted(interval: float, timeout: float) -> float:
    """Return for how many seconds what one look found is believed (law 7)."""
    return 2.0 * interval + timeout


class _Tally:
    """A bucket while it is counted."""

    __slots__ = ("first", "last", "least", "looks", "most", "ms", "spread", "us")

    def __init__(self) -> None:
        self.looks = [0, 0, 0, 0]
        self.ms = [0, 0, 0, 0]
        self.us = 0
        self.least: int | None = None
        self.most: int | None = None
        self.spread: Spread = {}
        self.first: float | None = None
        self.last: float | None = None

    def look(self, at: float, word: int, response_s: float | None) -> None:
        self.looks[word] += 1
        if self.first is None:
            self.first = at
        self.last = at
        if response_s is None:
            return
        us = round(response_s * 1e6)
        self.us += us
        if self.least is None or us < self.least:
            self.least = us
        if self.most is None or us > self.most:
            self.most = us
        bucket = place(response_s)
        self.spread[bucket] = self.spread.get(bucket, 0) + 1

    def done(self) -> Bucket:
        good, degraded, bad, unknown = self.looks
        return Bucket(
            good,
            degraded,
            bad,
            unknown,
            *(self.ms[0], self.ms[1], self.ms[2]),
            sum(self.spread.values()),
            self.us,
            self.least,
            self.most,
            self.spread,
            self.first,
            self.last,
        )


def fold(
    rows: Iterable[Row], width: int, hold: float, since: float, till: float
) -> Iterator[tuple[int, Bucket]]:
    """Sort *rows* of one target into buckets of *width* whole seconds.

    They are in order of time; one from before *since* tells what held then. A verdict
    is trusted for *hold* seconds. Only what is in [since, till) is counted.

    Yields:
        The start of each bucket (epoch seconds, a multiple of *width*) with anything
        in it, and what is in it, in order of time.
    """
    step, trusted = width * 1000, round(hold * 1000)
    start, end = round(since * 1000), round(till * 1000)
    tallies: dict[int, _Tally] = {}

    def tally(moment: int) -> _Tally:
        found = tallies.get(moment // step)
        if found is None:
            found = tallies[moment // step] = _Tally()
        return found

    def held(word: int, since_ms: int, till_ms: int) -> None:
        moment, till_ms = max(since_ms, start), min(till_ms, since_ms + trusted, end)
        while moment < till_ms:
            stop = min(till_ms, moment - moment % step + step)
            tally(moment).ms[word] += stop - moment
            moment = stop

    last, before = end, _UNKNOWN
    for at, verdict, response_s in rows:
        now = round(at * 1000)
        if now >= end:
            break
        if before != _UNKNOWN:
            held(before, last, now)
        last, before = now, _WORDS.get(verdict, _UNKNOWN)
        if now >= start:
            tally(now).look(at, before, response_s)
    if before != _UNKNOWN:
        held(before, last, end)
    for number in sorted(tallies):
        yield number * width, tallies[number].done()


def merge(buckets: Iterable[Bucket]) -> Bucket:
    """Return what was seen in all of *buckets*, of one target or of many."""
    found = list(buckets)
    leasts = [b.min_us for b in found if b.min_us is not None]
    mosts = [b.max_us for b in found if b.max_us is not None]
    firsts = [b.first_at for b in found if b.first_at is not None]
    lasts = [b.last_at for b in found if b.last_at is not None]
    return Bucket(
        good=sum(b.good for b in found),
        degraded=sum(b.degraded for b in found),
        bad=sum(b.bad for b in found),
        unknown=sum(b.unknown for b in found),
        up_ms=sum(b.up_ms for b in found),
        degraded_ms=sum(b.degraded_ms for b in found),
        down_ms=sum(b.down_ms for b in found),
        answers=sum(b.answers for b in found),
        sum_us=sum(b.sum_us for b in found),
        min_us=min(leasts, default=None),
        max_us=max(mosts, default=None),
        spread=merge_spreads(b.spread for b in found),
        first_at=min(firsts, default=None),
        last_at=max(lasts, default=None),
    )


def uptime(bucket: Bucket) -> float | None:
    """Return the share of judged time in which it was up, degraded or not."""
    if not bucket.judged_ms:
        return None
    return (bucket.up_ms + bucket.degraded_ms) / bucket.judged_ms


def judged(bucket: Bucket, seconds: float) -> float:
    """Return the share of *seconds* in which it is known whether it was up."""
    return min(bucket.judged_ms / (seconds * 1000.0), 1.0) if seconds > 0 else 0.0


def percentile(bucket: Bucket, share: float) -> float | None:
    """Return the seconds within which *share* of answers came (see ``spread``)."""
    found = quantile(bucket.spread, share)
    if found is None or bucket.min_us is None or bucket.max_us is None:
        return found
    return min(max(found, bucket.min_us / 1e6), bucket.max_us / 1e6)


def mean(bucket: Bucket) -> float | None:
    """Return the mean response time in seconds."""
    return bucket.sum_us / bucket.answers / 1e6 if bucket.answers else None
