"""Spread without chance."""

from __future__ import annotations

import pytest

from agent2.core.chance import spread


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("", 0.1042712512),
        ("web", 0.8064047536),
        ("web#1", 0.3898538006),
        ("数据库", 0.0757367462),
        ("\udcff", 0.6147999906),
    ],
)
def test_the_number_of_a_name_is_the_same_on_every_machine(name, number):
    assert spread(name) == pytest.approx(number, abs=1e-9)


def test_it_is_spread_evenly_over_zero_to_one():
    numbers = [spread(f"target-{i}") for i in range(1000)]

    assert all(0.0 <= n < 1.0 for n in numbers)
    tenths = [sum(int(n * 10) == tenth for n in numbers) for tenth in range(10)]
    assert min(tenths) > 60
    assert max(tenths) < 140


def test_the_attempts_of_one_target_are_spread_too():
    numbers = {int(spread(f"web#{attempt}") * 8) for attempt in range(20)}

    assert len(numbers) >= 5
