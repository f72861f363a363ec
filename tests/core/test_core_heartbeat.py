"""A job that reports by itself: when it is late, failed, or runs too long."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core import heartbeat
from agent2.core.heartbeat import Beat, Promise, reported, well, wrong

HOUR = 3600.0
DAY = 24 * HOUR
NIGHT = 1_000_000.0  # when the job is due
OWED = Promise(due=NIGHT, grace=HOUR, runtime=2 * HOUR)


def told(*words):
    """A job's life: ``(said, at)`` in order, first asked for a day before it is due."""
    beat = Beat(since=NIGHT - DAY)
    for said, at in words:
        beat = reported(beat, said, "", at)
    return beat


TABLE = [
    # what it said, when it is looked at, what is said of it
    ([], NIGHT + HOUR, None),
    ([], NIGHT + HOUR + 1, "late by 1 h: it never reported a good end"),
    ([("ok", NIGHT - DAY)], NIGHT + HOUR, None),
    ([("ok", NIGHT - DAY)], NIGHT + 2 * HOUR, "late by 2 h: last good end 1 d 2 h ago"),
    ([("start", NIGHT)], NIGHT + 2 * HOUR, None),
    ([("start", NIGHT)], NIGHT + 2 * HOUR + 60, "runs for 2 h 1 min, more than 2 h"),
    ([("ok", NIGHT - DAY), ("start", NIGHT + HOUR)], NIGHT + 2 * HOUR, None),
    ([("start", NIGHT), ("fail", NIGHT + 60)], NIGHT + 90, "failed 30 s ago"),
    ([("fail", NIGHT), ("start", NIGHT + 9)], NIGHT + 9, "failed 9 s ago; it runs again"),
    ([("fail", NIGHT), ("start", NIGHT + 9), ("ok", NIGHT + 10)], NIGHT + 11, None),
    # Runs that die without a word do not excuse each other.
    ([("start", NIGHT), ("start", NIGHT + HOUR)], NIGHT + 2 * HOUR, None),
    ([("start", NIGHT), ("start", NIGHT + HOUR)], NIGHT + 2 * HOUR + 1,
     "late by 2 h: it never reported a good end"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "now", "wanted"), TABLE)
def test_a_job_is_wrong_when_it_broke_its_promise(words, now, wanted):
    assert wrong(told(*words), OWED, now) == wanted


def test_what_is_well_says_since_when_and_until_when():
    beat = reported(told(("start", NIGHT)), "ok", "42 GB", NIGHT + 90)
    owed = Promise(NIGHT + DAY, HOUR, HOUR)

    line = well(beat, owed, NIGHT + 150)

    assert line == 'ok 1 min ago, took 1 min 30 s: "42 GB", due in 23 h 57 min'
    assert beat.took == 90


WORDS = st.lists(
    st.tuples(st.sampled_from(heartbeat.SAID), st.floats(0, 3 * DAY)), max_size=8
).map(lambda words: sorted(words, key=lambda pair: pair[1]))


@given(WORDS, st.floats(0, 3 * DAY), st.floats(-1e5, 1e5))
def test_shifting_all_times_changes_nothing(words, look, shift):
    here = told(*((said, NIGHT + round(at)) for said, at in words))
    moved = Beat(since=here.since + round(shift))
    for said, at in words:
        moved = reported(moved, said, "", NIGHT + round(at) + round(shift))
    there = Promise(OWED.due + round(shift), OWED.grace, OWED.runtime)

    now = NIGHT + round(look)
    assert wrong(here, OWED, now) == wrong(moved, there, now + round(shift))


@given(WORDS, st.floats(0, 3 * DAY))
def test_a_good_end_in_time_makes_all_well_and_silence_is_never_well_for_ever(words, n):
    beat = told(*((said, NIGHT + at) for said, at in words))
    after = NIGHT + 3 * DAY + n
    fresh = reported(beat, "ok", "", after)

    assert wrong(fresh, Promise(after + DAY, HOUR, HOUR), after) is None
    assert wrong(beat, OWED, NIGHT + 7 * DAY) is not None


def test_a_clock_that_was_set_back_is_noticed():
    beat = told(("ok", NIGHT))
    assert heartbeat.is_ahead(beat, NIGHT - 61)
    assert not heartbeat.is_ahead(beat, NIGHT - 59)


@pytest.mark.parametrize("name", ["backup", "db_00.sql-gz", "a" * 63])
def test_a_name_of_a_job_stands_in_a_url(name):
    assert heartbeat.is_name(name)
    assert not heartbeat.is_name(f"{name}/start")


@pytest.mark.parametrize("name", ["", "-x", "a" * 64, "ä", "a b", "a\n"])
def test_what_cannot_stand_there_is_no_name(name):
    assert not heartbeat.is_name(name)
