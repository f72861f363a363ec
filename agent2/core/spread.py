"""How long answers took, as a histogram that can be merged and stored in bytes.

Its buckets grow by a tenth each, from 10 us on, so a percentile is within 5 % of the
exact one (nearest rank) wherever that is 10 us or more; a mean would hide the worst,
and a percentile of percentiles means nothing.
"""

from __future__ import annotations

from math import ceil, log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    Spread: TypeAlias = dict[int, int]  # number of the bucket -> answers in it

GROWTH = 1.1
ERROR = (GROWTH - 1.0) / (GROWTH + 1.0)  # largest relative error of a percentile
_LEAST = 1e-5  # seconds; what is faster is in bucket 0
_LAST = 255  # beyond 4 days
_STEP = log(GROWTH)


def place(seconds: float) -> int:
    """Return the number of the bucket of one answer."""
    if not seconds > _LEAST:
        return 0
    return min(ceil(log(seconds / _LEAST) / _STEP), _LAST)


def merge(spreads: Iterable[Spread]) -> Spread:
    """Return the histogram of all answers in *spreads*."""
    made: Spread = {}
    for each in spreads:
        for bucket, count in each.items():
            made[bucket] = made.get(bucket, 0) + count
    return made


def quantile(spread: Spread, share: float) -> float | None:
    """Return the seconds within which *share* (above 0, up to 1) of answers came."""
    total = sum(spread.values())
    if not total:
        return None
    rank = max(ceil(share * total), 1)
    for bucket in sorted(spread):
        rank -= spread[bucket]
        if rank <= 0:
            return _middle(bucket)
    raise AssertionError("the counts make up the total")


def exact(ordered: Sequence[float], share: float) -> float | None:
    """Return the one of *ordered* values within which *share* of them lie."""
    if not ordered:
        return None
    return ordered[max(ceil(share * len(ordered)), 1) - 1]


def within(spread: Spread, seconds: float) -> int:
    """Return how many answers took no longer; the bucket of *seconds* counts whole."""
    most = place(seconds)
    return sum(count for bucket, count in spread.items() if bucket <= most)


def _middle(bucket: int) -> float:
    """Return the value of a bucket that is nearest to all that may be in it."""
    if not bucket:
        return _LEAST
    return float(_LEAST * 2.0 * GROWTH**bucket / (GROWTH + 1.0))


def to_bytes(spread: Spread) -> bytes:
    """Return *spread* in two bytes per bucket in use, more for large counts."""
    made = bytearray()
    for bucket in sorted(spread):
        made.append(bucket)
        count = spread[bucket]
        while count > 127:
            made.append(count & 127 | 128)
            count >>= 7
        made.append(count)
    return bytes(made)


def from_bytes(stored: bytes) -> Spread:
    """Return what ``to_bytes`` stored; of torn bytes, what is whole of them."""
    made: Spread = {}
    rest = iter(stored)
    for bucket in rest:
        count = shift = 0
        for byte in rest:
            count |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                made[bucket] = made.get(bucket, 0) + count
                break
    return made
