"""Uptime, percentiles and promises: tables by hand, and the laws of merging."""

from __future__ import annotations

import math
import random

import pytest

from agent2.core import outages, slo, spread, uptime
from agent2.core.outages import Outage
from agent2.core.uptime import Bucket, fold, merge

DAY = 86400.0


def one(rows, hold=15.0, since=0.0, till=60.0, width=60):
    """Fold rows of (at, verdict) into one bucket."""
    full = [(at, word, None) for at, word in rows]
    return merge(bucket for _, bucket in fold(full, width, hold, since, till))


@pytest.mark.parametrize(
    ("rows", "up", "degraded", "down"),
    [
        ([], 0, 0, 0),
        ([(0, "good"), (5, "good"), (10, "good")], 25, 0, 0),  # the last is trusted 15 s
        ([(0, "good"), (5, "bad"), (10, "good"), (50, "good")], 30, 0, 5),
        ([(0, "degraded"), (5, "bad"), (12, "unknown")], 0, 5, 7),
        ([(0, "unknown"), (5, "unknown")], 0, 0, 0),
        ([(50, "bad")], 0, 0, 10),  # what is beyond the end is not counted
        ([(-10, "good"), (30, "bad")], 5, 0, 15),  # what held before the begin
        ([(-16, "good")], 0, 0, 0),
        ([(0, "good"), (0.5, "bad"), (0.501, "good")], 15.5, 0, 0.001),
        ([(0, "a word of a later version"), (5, "good")], 15, 0, 0),
        ([(70, "good")], 0, 0, 0),
    ],
)  # fmt: skip
def test_a_verdict_holds_until_the_next_look_and_no_longer_than_it_is_trusted(
    rows, up, degraded, down
):
    found = one(rows)

    assert (found.up_ms, found.degraded_ms, found.down_ms) == (
        round(up * 1000), degraded * 1000, round(down * 1000),
    )  # fmt: skip


def test_time_that_nobody_looked_at_is_neither_up_nor_down():
    found = one([(0, "good"), (5, "good"), (50, "bad"), (55, "good")])

    assert uptime.uptime(found) == 25 / 30
    assert uptime.judged(found, 60) == 30 / 60
    assert uptime.uptime(Bucket()) is None
    assert uptime.judged(Bucket(), 60) == 0.0


def test_cutting_a_time_anywhere_changes_no_sum():
    chance = random.Random(7)
    words = ("good", "good", "good", "degraded", "bad", "unknown")
    at, rows = 0.0, []
    while at < 7200:
        answer = chance.choice((None, chance.lognormvariate(-4, 2)))
        rows.append((at, chance.choice(words), answer))
        at = round(at + chance.choice((0.05, 1, 5, 5, 5, 40)), 3)
    whole = merge(b for _, b in fold(rows, 3600, 15.0, 0.0, 7200.0))

    for cut in (60.0, 333.333, 3600.0, 7199.9):
        first = [b for _, b in fold(rows, 60, 15.0, 0.0, cut)]
        before = [row for row in rows if row[0] >= cut - 15.0]
        second = [b for _, b in fold(before, 60, 15.0, cut, 7200.0)]
        assert merge(first + second) == whole
        assert merge([merge(first), merge(second)]) == whole
        assert merge([merge(second), merge(first)]) == whole
    assert whole.looks == len(rows)
    assert whole.answers == sum(row[2] is not None for row in rows)


@pytest.mark.parametrize("seed", range(20))
def test_a_percentile_is_within_the_stated_error_of_the_exact_one(seed):
    chance = random.Random(seed)
    shape = (chance.uniform(-9, 2), chance.uniform(0.1, 3))
    times = [
        chance.lognormvariate(*shape) for _ in range(chance.choice((1, 2, 37, 500)))
    ]
    rows = [(float(n), "good", each) for n, each in enumerate(times)]
    found = merge(b for _, b in fold(rows, 600, 1.0, 0.0, 600.0))

    for share in (0.01, 0.5, 0.95, 0.99, 1.0):
        exact = sorted(times)[max(math.ceil(share * len(times)), 1) - 1]
        # Times are kept to the microsecond.
        assert uptime.percentile(found, share) == pytest.approx(
            exact, rel=spread.ERROR + 1e-9, abs=1e-5
        )
    assert uptime.percentile(Bucket(), 0.5) is None
    assert uptime.mean(found) == pytest.approx(sum(times) / len(times), abs=1e-6)


@pytest.mark.parametrize(
    "known", [{}, {0: 1}, {255: 1}, {3: 127, 4: 128, 200: 2**40}, {7: 300, 8: 1}]
)
def test_a_histogram_is_the_same_from_its_bytes(known):
    assert spread.from_bytes(spread.to_bytes(known)) == known


def test_torn_bytes_give_what_is_whole_of_them():
    stored = spread.to_bytes({3: 5, 4: 300})

    assert [spread.from_bytes(stored[:n]) for n in range(len(stored) + 1)] == [
        {}, {}, {3: 5}, {3: 5}, {3: 5}, {3: 5, 4: 300},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (0.0, 0),
        (-1.0, 0),
        (1e-5, 0),
        (1.1e-5, 1),
        (1.0, 121),
        (1e9, 255),
        (math.nan, 0),
    ],
)
def test_every_time_has_a_bucket(seconds, bucket):
    assert spread.place(seconds) == bucket


def test_answers_within_a_limit_are_counted():
    known = {spread.place(0.1): 90, spread.place(0.4): 9, spread.place(2.0): 1}

    assert [spread.within(known, limit) for limit in (0.05, 0.1, 0.5, 3.0)] == [
        0,
        90,
        99,
        100,
    ]


A = Outage("a", 100.0, 110.0, 160.0, "pid_dead")
B = Outage("a", 150.0, 155.0, 300.0)
OPEN = Outage("a", 900.0, 905.0, None)
OLD = Outage("a", -50.0, -45.0, 20.0)


@pytest.mark.parametrize(
    ("known", "down"),
    [((), 0), ((A,), 60), ((A, B), 200), ((B, A), 200), ((OPEN,), 100), ((OLD,), 20),
     ((OLD, A, B, OPEN), 320), ((A, A), 60)],
)  # fmt: skip
def test_what_overlaps_counts_once_and_what_is_outside_not_at_all(known, down):
    assert outages.union_s(known, 0.0, 1000.0) == down


def test_the_figures_of_outages_are_those_of_a_hand():
    found = outages.figures((OLD, A, B, OPEN), 0.0, 1000.0)

    assert (found.count, found.open) == (4, 1)
    assert (found.longest, found.longest_s) == (B, 150.0)
    assert found.mttd_s == (5 + 10 + 5 + 5) / 4
    assert found.mttr_s == (70 + 60 + 150) / 3
    assert found.mtbf_s == (1000 - 320) / 3  # OLD began before
    assert outages.figures((), 0.0, 1000.0) == outages.Outages()
    assert outages.figures((A,), 160.0, 1000.0) == outages.Outages()


def promise_with(seen, **more):
    """Stand of 99.9 % over 30 days; *seen* is down seconds per window, all judged."""
    made = slo.Objective(**more)
    return slo.standing(made, lambda s: slo.Seen(s, seen.get(s, 0.0)))


def test_the_budget_is_spent_by_the_second():
    found = promise_with({30 * DAY: 648.0})

    assert found.allowed_s == pytest.approx(2592.0)
    assert found.left == pytest.approx(0.75)
    assert found.uptime == pytest.approx(1 - 648 / 2592000)
    assert (found.judged, found.alarm) == (1.0, "")
    assert found.burn == {"1h": 0.0, "6h": 0.0, "3d": 0.0}
    assert promise_with({30 * DAY: 5184.0}).left == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("hour", "five", "six", "half", "three", "alarm"),
    [
        (52, 5, 0, 0, 0, "page"),  # 14.4 x 0.001 x 3600 = 51.84 s
        (51, 5, 0, 0, 0, ""),
        (52, 0, 0, 0, 0, ""),  # it is over
        (0, 0, 130, 11, 0, "page"),  # 6 x 0.001 x 21600 = 129.6 s
        (0, 0, 129, 11, 0, ""),
        (0, 0, 22, 0, 260, "ticket"),  # 259.2 s and 21.6 s
        (0, 0, 22, 0, 259, ""),
    ],
)
def test_people_are_called_when_the_budget_burns_in_both_windows(
    hour, five, six, half, three, alarm
):
    seen = {3600.0: hour, 300.0: five, 21600.0: six, 1800.0: half, 3 * DAY: three}

    assert promise_with(seen).alarm == alarm


def test_what_was_not_judged_is_held_against_nobody():
    found = slo.standing(slo.Objective(), lambda _s: slo.Seen(0.0, 0.0))

    assert (found.uptime, found.judged, found.left, found.alarm) == (None, 0.0, 1.0, "")
    assert set(found.burn.values()) == {None}
