"""A limit with patience: N amounts in a row above it, and a way back of its own."""

from __future__ import annotations

from agent2.core.value import replace, value


@value
class Limit:
    """What is too much.

    Attributes:
        above: An amount above it is too much; the limit itself is not.
        below: An amount at or below it is well again; what lies between keeps.
        times: Amounts in a row that it takes, either way.
    """

    above: float
    below: float
    times: int = 3


@value
class Held:
    """What is remembered of one limit.

    Attributes:
        passed: Is it believed to be passed?
        against: Amounts in a row that speak against that.
        sure: An amount has borne it out. Who has just begun to look and sees too much
            cannot say yet whether it is a spike.
    """

    passed: bool = False
    against: int = 0
    sure: bool = False


def weigh(limit: Limit, held: Held, amount: float | None) -> Held:
    """Return what is remembered after *amount*; None was not measured: it says nothing.

    An amount that does not speak against what is believed begins the row anew.
    """
    if amount is None:
        return held
    speaks = amount <= limit.below if held.passed else amount > limit.above
    if not speaks:
        fresh = held.against or not held.sure
        return Held(held.passed, 0, True) if fresh else held
    if held.against + 1 >= limit.times:
        return Held(not held.passed, 0, True)
    return replace(held, against=held.against + 1)
