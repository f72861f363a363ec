"""A robust line, and where a series is going by time and not by rows."""

from __future__ import annotations

import math
import random

import pytest

from agent2.core.trend import fit, forecast, median, thinned

HOUR, DAY = 3600.0, 86400.0


def series(days, of, step=300.0, begin=1_000_000_000.0):
    return [
        (begin + n * step, of(n * step / DAY)) for n in range(int(days * DAY / step))
    ]


def test_a_line_does_not_mind_a_quarter_of_nonsense():
    chance = random.Random(1)
    points = [(float(x), 3.0 * x + 5.0) for x in range(60)]
    for place in chance.sample(range(60), 14):
        points[place] = (points[place][0], chance.uniform(0, 1000))
    line = fit(points)
    assert line is not None
    assert line.slope == pytest.approx(3.0, abs=0.05)
    assert line.value_at(100.0) == pytest.approx(305.0, rel=0.02)


def test_what_is_no_series_has_no_line_and_no_forecast():
    assert fit([]) is None
    assert fit([(1.0, 2.0)]) is None
    assert fit([(1.0, 2.0), (1.0, 3.0)]) is None
    assert forecast([], 7 * DAY) is None
    assert forecast([(1.0, 2.0), (1.0, 2.0)], 7 * DAY) is None
    assert median([1.0, 4.0, 2.0]) == 2.0
    assert median([1.0, 2.0]) == 1.5
    assert thinned([(1.0, 5.0), (2.0, 7.0), (70.0, 1.0)], 60.0) == [
        (30.0, 6.0),
        (90.0, 1.0),
    ]


@pytest.mark.parametrize("days", [3, 8, 30, 90])
def test_one_percent_a_day_is_seven_more_in_seven_days(days):
    found = forecast(series(days, lambda day: 20.0 + 0.7 * day), 7 * DAY)
    assert found is not None
    assert found.predicted == pytest.approx(found.current + 4.9, abs=0.35)
    rising = forecast(series(days, lambda day: 5.0 + day), 7 * DAY)
    assert rising is not None
    assert rising.predicted == pytest.approx(rising.current + 7.0, abs=0.5)
    assert rising.current == pytest.approx(5.0 + days - 0.5, abs=0.1)


@pytest.mark.parametrize("days", [2.6, 5.4, 17.3])
def test_what_comes_back_each_day_is_no_trend(days):
    def busy(day):  # the last day is cut anywhere
        return 40.0 + 0.5 * day + 25.0 * math.sin(2 * math.pi * day)

    found = forecast(series(days, busy), 7 * DAY)
    assert found is not None
    assert found.per_day == pytest.approx(0.5, abs=0.1)


def test_gaps_spikes_and_another_rhythm_change_nothing():
    chance = random.Random(2)
    points = [
        (at, 100.0 if chance.random() < 0.1 else amount)
        for at, amount in series(20, lambda day: 10.0 + day)
        if not 5.0 < (at - 1_000_000_000.0) / DAY < 8.0
    ]
    points = [one for n, one in enumerate(points) if n < 2000 or n % 7 == 0]
    found = forecast(points, 7 * DAY)
    assert found is not None
    assert found.per_day == pytest.approx(1.0, abs=0.05)


def test_a_few_hours_are_enough_for_a_line():
    found = forecast(series(0.25, lambda day: 10.0 + 24.0 * day), DAY)
    assert found is not None
    assert found.per_day == pytest.approx(24.0, abs=0.5)


def test_it_is_told_when_a_rising_series_is_full_and_a_falling_one_never_is():
    points = series(10, lambda day: 50.0 + 2.0 * day)
    found = forecast(points, 7 * DAY)
    assert found is not None
    assert found.full_at == pytest.approx(points[0][0] + 25 * DAY, abs=0.2 * DAY)
    falling = forecast(series(10, lambda day: 50.0 - day), 7 * DAY)
    assert falling is not None
    assert falling.full_at is None
