"""N amounts in a row, and a way back of its own: no alarm from one spike, no flutter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.gauges import Gauge, judge, shown, told
from agent2.core.limits import Held, Limit, weigh
from agent2.core.model import Code

LIMIT = Limit(above=80.0, below=76.0, times=3)


def passed(amounts, limit=LIMIT) -> str:
    """Return a letter for each amount: is the limit passed after it?"""
    held, said = Held(), ""
    for amount in amounts:
        held = weigh(limit, held, amount)
        said += "P" if held.passed else "."
    return said


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ([99, 10, 99, 10, 99], "....."),  # spikes
        ([80, 80, 80, 80], "...."),  # the limit itself is not too much
        ([80.1, 80.1, 80.1], "..P"),
        ([99, 99, 10, 99, 99, 99], ".....P"),  # the row begins anew
        ([99, 99, 99, 78, 78, 78, 78], "..PPPPP"),  # between the two nothing moves
        ([99, 99, 99, 76, 76, 76], "..PPP."),
        ([99, 99, 99, 10, 99, 10, 10, 10], "..PPPPP."),
        ([99, 99, None, None, 99], "....P"),  # what was not measured says nothing
        ([None, None, None], "..."),
    ],
)
def test_a_limit_is_passed_and_left_as_the_row_says(amounts, said):
    assert passed(amounts) == said


def test_one_in_a_row_warns_at_once():
    assert passed([81, 75], Limit(80.0, 76.0, 1)) == "P."


AMOUNTS = st.lists(st.one_of(st.none(), st.floats(0, 100)), max_size=60)


@given(AMOUNTS, st.integers(1, 5))
def test_a_change_takes_that_many_amounts_against_what_was_believed(amounts, times):
    said = passed(amounts, Limit(80.0, 76.0, times))
    before = "."
    for at, now in enumerate(said):
        if now != before:
            row = [one for one in amounts[: at + 1] if one is not None][-times:]
            assert len(row) == times
            assert all(one > 80.0 if now == "P" else one <= 76.0 for one in row)
        before = now


@given(AMOUNTS, st.floats(0.1, 1000))
def test_the_unit_does_not_matter(amounts, scale):
    scaled = [None if one is None else one * scale for one in amounts]
    whole = [one for one in amounts if one is None or abs(one - 80) > 1e-6]
    if len(whole) == len(amounts) and all(
        one is None or abs(one - 76) > 1e-6 for one in amounts
    ):
        assert passed(amounts) == passed(scaled, Limit(80 * scale, 76 * scale, 3))


def test_the_first_that_is_passed_speaks_and_a_limit_of_nothing_never():
    gauges = (
        Gauge("cpu", Code.CPU, "CPU", 99.0),  # no limit
        Gauge("memory", Code.MEMORY, "memory", 91.26, 80.0),
        Gauge("disk:/", Code.DISK, "disk /", 90.0, 80.0),
        Gauge("swap", Code.LIMIT, "swap", None, 80.0),
    )
    held, too_high, _ = judge(gauges, {}, 1, 5.0)
    assert [told(one) for one in too_high] == [
        "memory 91.3 % (limit 80 %)",
        "disk / 90 % (limit 80 %)",
    ]
    assert sorted(held) == ["disk:/", "memory", "swap"]

    unmeasured = (Gauge("memory", Code.MEMORY, "memory", None, 80.0),)
    _, still, _ = judge(unmeasured, held, 1, 5.0)
    assert told(still[0]) == "memory not measured (limit 80 %)"
    assert shown(Gauge("load", Code.LIMIT, "load", 3.0, 0.0, "")) == "3"


def test_who_has_just_begun_and_sees_too_much_cannot_say_yet():
    """A watcher that is started anew must not call a full disk recovered."""

    def looks(*amounts):
        held, said = {}, ""
        for amount in amounts:
            gauge = Gauge("disk:/", Code.DISK, "disk /", amount, 80.0)
            held, passed, unsure = judge([gauge], held, 3, 5.0)
            said += "P" if passed else "?" if unsure else "."
        return said

    assert looks(90, 90, 90, 90) == "??PP"
    assert looks(90, 50, 90, 90, 90) == "?...P"
    assert looks(None, None, 90) == "..?"
