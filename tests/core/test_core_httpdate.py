"""HTTP dates, held against the standard library."""

from __future__ import annotations

from email.utils import format_datetime, formatdate, parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.httpdate import parse_http_date


def test_the_example_of_the_standard():
    assert parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == 784111777.0


@given(st.integers(-62135596800, 253402300799))
def test_every_date_that_the_library_writes_is_read_back(second):
    from datetime import UTC, datetime, timedelta

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)

    assert parse_http_date(format_datetime(moment, usegmt=True)) == float(second)


def test_month_ends_and_leap_years_agree_with_the_library():
    dates = [
        f"Mon, {day:02} {month} {year} 00:00:00 GMT"
        for year in (1600, 1900, 1970, 1999, 2000, 2024, 2026, 2100, 2400)
        for month, day in [
            ("Jan", 1), ("Jan", 31), ("Feb", 1), ("Feb", 28), ("Mar", 1), ("Apr", 30),
            ("May", 31), ("Jun", 30), ("Jul", 31), ("Aug", 31), ("Sep", 30),
            ("Oct", 31), ("Nov", 30), ("Dec", 31),
        ]
    ] + ["Thu, 29 Feb 2024 23:59:59 GMT", "Tue, 29 Feb 2000 12:00:01 GMT"]  # fmt: skip
    told = {date: parse_http_date(date) for date in dates}
    assert told == {date: parsedate_to_datetime(date).timestamp() for date in dates}


def test_a_leap_second_is_the_first_second_of_the_next_minute():
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT") == 1483228800.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tomorrow",
        "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        " Sun, 06 Nov 1994 08:49:37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, ٠٦ Nov 1994 08:49:37 GMT",
    ],
)
def test_what_is_no_such_date_is_none(text):
    assert parse_http_date(text) is None


def test_the_last_moment_of_a_day_and_an_hour_are_dates():
    assert parse_http_date("Sun, 06 Nov 1994 23:59:59 GMT") == 784166399.0
    assert formatdate(784166399.0, usegmt=True) == "Sun, 06 Nov 1994 23:59:59 GMT"


@given(st.text(max_size=40))
def test_no_text_whatever_raises(text):
    assert parse_http_date(text) is None
