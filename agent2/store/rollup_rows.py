"""Buckets of the history as rows of its tables."""

from __future__ import annotations

from agent2.core.spread import from_bytes, to_bytes
from agent2.core.uptime import Bucket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

PICKED = (
    "good, degraded, bad, unknown, up_ms, degraded_ms, down_ms, answers, sum_us,"
    " min_us, max_us, spread, first_ms, last_ms"
)
PLACES = ", ".join("?" * 16)


def to_row(target: str, at: int, one: Bucket) -> tuple[Any, ...]:
    """Return the row of the bucket that begins *at* (epoch seconds)."""
    first, last = one.first_at, one.last_at
    return (
        target,
        at,
        one.good,
        one.degraded,
        one.bad,
        one.unknown,
        one.up_ms,
        one.degraded_ms,
        one.down_ms,
        one.answers,
        one.sum_us,
        one.min_us,
        one.max_us,
        to_bytes(one.spread) or None,
        None if first is None else round((first - at) * 1000),
        None if last is None else round((last - at) * 1000),
    )


def from_row(at: int, row: tuple[Any, ...]) -> Bucket:
    """Return the bucket of a row of ``PICKED`` that begins *at*."""
    good, degraded, bad, unknown, up_ms, degraded_ms, down_ms, *rest = row
    answers, sum_us, min_us, max_us, spread, first, last = rest
    return Bucket(
        good,
        degraded,
        bad,
        unknown,
        up_ms,
        degraded_ms,
        down_ms,
        answers,
        sum_us,
        min_us,
        max_us,
        from_bytes(spread or b""),
        None if first is None else at + first / 1000,
        None if last is None else at + last / 1000,
    )
