"""When a cron expression comes due: its grammar, its days, and the days of summer time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core import civil, cron

MINUTE = 60.0


def zone(name):
    """How far local clocks are ahead of UTC, as the check itself asks."""
    there = ZoneInfo(name)
    return lambda at: int(datetime.fromtimestamp(at, there).utcoffset().total_seconds())


def at(text, name="UTC"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(name)).timestamp()


def shown(moment, name="UTC"):
    return datetime.fromtimestamp(moment, ZoneInfo(name)).strftime("%Y-%m-%d %H:%M")


def level(_at):
    return 0


def due(text, since, many, name="UTC"):
    """The next *many* moments of *text*, as clocks of *name* show them."""
    found, now = [], at(since, name)
    for _ in range(many):
        now = cron.after(cron.parse(text), now, zone(name))
        found.append(shown(now, name))
    return found


EXAMPLES = {
    "0 2 * * *": ["2026-01-01 02:00", "2026-01-02 02:00"],
    "*/20 * * * *": ["2026-01-01 00:20", "2026-01-01 00:40"],
    "5,35 8-9 * * *": ["2026-01-01 08:05", "2026-01-01 08:35"],
    "0 0 29 2 *": ["2028-02-29 00:00", "2032-02-29 00:00"],
    "0 9 * * mon-fri": ["2026-01-01 09:00", "2026-01-02 09:00"],
    "0 9 * * 7": ["2026-01-04 09:00", "2026-01-11 09:00"],
    "0 9 * * sat,SUN": ["2026-01-03 09:00", "2026-01-04 09:00"],
    "0 0 31 * *": ["2026-01-31 00:00", "2026-03-31 00:00"],
    "0 0 13 * 5": ["2026-01-02 00:00", "2026-01-09 00:00"],  # day or weekday
    "0 0 */2 * 5": ["2026-01-09 00:00", "2026-01-23 00:00"],  # begins with *: both
    "10/25 3 * jun *": ["2026-06-01 03:10", "2026-06-01 03:35"],
    "@hourly": ["2026-01-01 01:00", "2026-01-01 02:00"],
    "@Daily": ["2026-01-02 00:00", "2026-01-03 00:00"],
    "@weekly": ["2026-01-04 00:00", "2026-01-11 00:00"],
    "@monthly": ["2026-02-01 00:00", "2026-03-01 00:00"],
    "@yearly": ["2027-01-01 00:00", "2028-01-01 00:00"],
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_expression_comes_due_when_cron_would_run_it(text):
    assert due(text, "2026-01-01 00:00", 2) == EXAMPLES[text]


# Europe/Berlin: 2026-03-29 02:00 -> 03:00, 2026-10-25 03:00 -> 02:00.
# Australia/Lord_Howe moves by half an hour, America/Santiago at midnight.
CHANGES = [
    ("30 2 * * *", "2026-03-28 12:00", "Europe/Berlin",
     ["2026-03-29 03:30", "2026-03-30 02:30"]),
    ("30 2 * * *", "2026-10-24 12:00", "Europe/Berlin",
     ["2026-10-25 02:30", "2026-10-26 02:30"]),
    ("30 * * * *", "2026-03-29 01:00", "Europe/Berlin",
     ["2026-03-29 01:30", "2026-03-29 03:30"]),
    ("30 * * * *", "2026-10-25 01:00", "Europe/Berlin",
     ["2026-10-25 01:30", "2026-10-25 02:30", "2026-10-25 02:30", "2026-10-25 03:30"]),
    ("0 0 * * *", "2026-09-05 12:00", "America/Santiago",
     ["2026-09-06 01:00", "2026-09-07 00:00"]),
    ("15 2 * * *", "2026-10-03 12:00", "Australia/Lord_Howe",
     ["2026-10-04 02:45", "2026-10-05 02:15"]),
    ("0 9 * * *", "2026-03-28 12:00", "Asia/Shanghai",
     ["2026-03-29 09:00", "2026-03-30 09:00"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "since", "name", "wanted"), CHANGES)
def test_clocks_that_are_changed_neither_lose_a_run_nor_double_it(
    text, since, name, wanted
):
    assert due(text, since, len(wanted), name) == wanted


REFUSED = {
    "": "0 fields",
    "* * * *": "4 fields",
    "60 * * * *": "minute",
    "* 24 * * *": "hour",
    "* * 0 * *": "day",
    "* * * 13 *": "month",
    "* * * * 8": "weekday",
    "5-1 * * * *": "minute",
    "*/0 * * * *": "step of 0",
    "a * * * *": "minute",
    "1,,2 * * * *": "minute",
    "0 0 31 2 *": "no year",
    "@often": "none of",
    "٣ * * * *": "minute",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_expression_is_refused_with_the_field_that_is_wrong(text):
    with pytest.raises(cron.CronError, match=REFUSED[text]):
        cron.parse(text)


def field(low, high):
    number = st.integers(low, high)
    span = st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}")
    step = st.integers(1, 15).map(lambda many: f"*/{many}")
    return st.one_of(st.just("*"), number.map(str), span, step)


EXPRESSIONS = st.tuples(
    field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 7)
).map(" ".join)
NOW = st.integers(0, 4_000_000_000).map(float)


@given(EXPRESSIONS, NOW)
def test_between_the_last_and_the_next_moment_there_is_none(text, now):
    schedule = cron.parse(text)
    last = cron.before(schedule, now, level)
    following = cron.after(schedule, now, level)

    assert last <= now < following
    assert cron.after(schedule, last, level) == following
    assert cron.before(schedule, following, level) == following
    assert cron.before(schedule, following - 1, level) == last


@given(EXPRESSIONS, st.integers(0, 50_000), st.sampled_from(["UTC", "Europe/Berlin"]))
def test_a_real_moment_counts_when_the_local_clock_shows_such_a_time(text, days, name):
    minute, _, *others = text.split()
    schedule = cron.parse(f"{minute} * {' '.join(others)}")
    now = days * 86400.0
    ahead = zone(name)

    found = cron.after(schedule, now, ahead)

    clock = datetime.fromtimestamp(found, ZoneInfo(name))
    assert (clock.hour * 60 + clock.minute) * 60 in schedule.times
    assert clock.month in schedule.months


@given(st.integers(-500_000, 1_000_000))
def test_a_day_is_a_date_and_back(count):
    year, month, day = civil.date(count)
    assert civil.days(year, month, day) == count
    if 1 <= year <= 9999:
        told = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(count)
        assert (told.year, told.month, told.day) == (year, month, day)
        assert civil.weekday(count) == (told.weekday() + 1) % 7
