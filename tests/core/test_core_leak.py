"""A leak planted at three speeds, and thirty days of teeth that are none."""

from __future__ import annotations

import random

import pytest

from agent2.core.leak import Memory

MB = 1 << 20
LIMIT = 1024 * MB
MINUTE, DAY = 60.0, 86400.0


def leaking(hours: float, begin: float, step: float):
    """Yield time and bytes: a saw of 60 MB on a rise that ends at the limit."""
    chance, rise = random.Random(7), LIMIT - 200 * MB
    now = begin
    while True:
        share = (now - begin) / (hours * 3600)
        saw = 60 * MB * ((now // 60 % 25) / 25)
        noise = 1 + chance.gauss(0, 0.01)
        yield now, (200 * MB + rise * share + saw) * noise
        now += step


def told(series, limit=LIMIT):
    """Return when a leak began to be told, each time, and when the limit was met."""
    memory, begun, before = Memory(), [], False
    for now, amount in series:
        found = memory.add(now, amount, limit) is not None
        if found and not before:
            begun.append(now)
        before = found
        if amount >= limit:
            return begun, now
    return begun, None


@pytest.mark.parametrize(("hours", "step"), [(1.5, 30), (12, 60), (168, 480)])
def test_a_leak_is_told_half_an_hour_before_the_limit_at_the_latest(hours, step):
    begun, met = told(leaking(hours, 1_000_000.0, step))

    assert met is not None
    assert met - begun[-1] >= 30 * MINUTE
    assert len(begun) == 1  # and once


def sawtooth(hours: float, top: float, seed: int, days: float = 30.0):
    """Yield thirty days of teeth of 200 MB to about *top*, each a little other."""
    chance, now, end = random.Random(seed), 0.0, days * DAY
    while now < end:
        length = hours * 3600 * chance.uniform(0.97, 1.03)
        high = top * chance.uniform(0.97, 1.03)
        step = max(240.0, length / 200)
        for n in range(int(length // step)):
            share = n * step / length
            noise = 1 + chance.gauss(0, 0.004)
            yield now + n * step, (200 * MB + (high - 200 * MB) * share) * noise
        now += length


@pytest.mark.slow
@pytest.mark.parametrize("hours", [0.5, 3, 12, 24, 72])
@pytest.mark.parametrize("top", [400 * MB, 850 * MB, 930 * MB])
def test_thirty_days_of_teeth_are_told_once_at_most(hours, top):
    begun, met = told(sawtooth(hours, top, 3))

    assert met is None
    assert len(begun) <= 1


def test_a_leak_in_a_process_whose_memory_used_to_come_down_is_told():
    saw = list(sawtooth(3, 400 * MB, 5, days=2.0))
    begun, met = told([*saw, *_until_met(leaking(12, saw[-1][0] + 60, 120))])

    assert met is not None
    assert met - begun[-1] >= 30 * MINUTE


def _until_met(series):
    for now, amount in series:
        yield now, amount
        if amount >= LIMIT:
            return


def test_what_grows_and_stays_is_no_leak():
    memory = Memory()
    for minute in range(600):
        amount = 200 * MB + min(minute, 60) * 5 * MB  # a cache that is full at 500 MB
        found = memory.add(minute * MINUTE, amount, LIMIT)
    assert found is None


def test_a_process_that_is_replaced_begins_anew_and_its_record_stays():
    memory = Memory()
    series = [200 * MB + minute * 8 * MB for minute in range(60)]  # to 672 MB
    seen = [memory.add(n * MINUTE, amount, LIMIT) for n, amount in enumerate(series)]
    assert seen[-1] is not None
    assert seen[-1].rate == pytest.approx(8 * MB / 60)
    assert seen[-1].at == pytest.approx(103 * MINUTE, abs=3 * MINUTE)

    memory.renewed()
    assert memory.found is None
    again = [
        memory.add((100 + n) * MINUTE, amount, LIMIT) for n, amount in enumerate(series)
    ]
    assert again == [None] * len(series)  # it came down from there before


def test_at_the_limit_the_limit_itself_speaks():
    memory = Memory()
    for minute in range(40):
        memory.add(minute * MINUTE, 200 * MB + minute * 20 * MB, LIMIT)
    assert memory.found is not None
    assert memory.add(41 * MINUTE, LIMIT, LIMIT) is None


def test_shifting_all_times_changes_nothing():
    def all_of(shift):
        memory, said = Memory(), []
        for minute in range(90):
            amount = 200 * MB + minute * 7 * MB
            found = memory.add(shift + minute * MINUTE, amount, LIMIT)
            said.append(None if found is None else round(found.at - shift, 3))
        return said

    assert all_of(0.0) == all_of(3840.0 * 1_000)
