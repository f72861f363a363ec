"""The share of changes, held against the plain definition in floating point."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.flapping import is_flapping, note, share


def plain_share(changes):
    """Nagios Core's own words: the oldest of 20 weighs 0.75, the newest 1.25."""
    step = (1.25 - 0.75) / 19
    return sum(c * (0.75 + step * place) for place, c in enumerate(changes)) / 20


@given(st.lists(st.booleans(), min_size=20, max_size=60))
def test_the_share_is_that_of_nagios_over_the_last_twenty_changes(changes):
    ring = 0
    for changed in changes:
        ring = note(ring, changed=changed)

    assert share(ring) == pytest.approx(plain_share(changes[-20:]))


@pytest.mark.parametrize(
    ("ring", "expected"),
    [(0, 0.0), (1, 0.0625), (1 << 19, 0.0375), ((1 << 20) - 1, 1.0)],
)
def test_the_newest_change_weighs_most(ring, expected):
    assert share(ring) == pytest.approx(expected)


def test_the_ring_forgets_what_is_older_than_twenty_changes():
    assert note(1 << 19, changed=False) == 0
    assert note(1 << 19, changed=True) == 1
    assert note(1 << 18, changed=False) == 1 << 19
    assert note(0, changed=True) == 1


def ring(*ages):
    """A ring in which the changes *ages* cycles ago are set."""
    return sum(1 << age for age in ages)


EXACTLY_30 = ring(0, 1, 9, 10, 18, 19)
EXACTLY_25 = ring(10, 15, 16, 17, 18, 19)


@pytest.mark.parametrize(
    ("changes", "was", "flaps"),
    [
        (EXACTLY_30, False, True),
        (ring(0, 1, 9, 11, 18, 19), False, False),
        (EXACTLY_30, True, True),
        (EXACTLY_25, True, True),
        (ring(11, 15, 16, 17, 18, 19), True, False),
        (EXACTLY_25, False, False),
    ],
)
def test_it_begins_at_thirty_percent_and_ends_below_twenty_five(changes, was, flaps):
    assert is_flapping(changes, 21, was=was) is flaps


def test_the_two_limits_themselves():
    assert (share(EXACTLY_30), share(EXACTLY_25)) == (0.30, 0.25)


@pytest.mark.parametrize("was", [True, False])
def test_before_twenty_one_cycles_nothing_changes(was):
    everything = (1 << 20) - 1

    assert is_flapping(everything, 20, was=was) is was
    assert is_flapping(0, 20, was=was) is was
    assert is_flapping(everything, 21, was=was)
    assert not is_flapping(0, 21, was=was)
