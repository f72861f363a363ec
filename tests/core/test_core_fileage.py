"""What is wrong with a file: its age, its size, what it has lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.fileage import Seen, Wanted, bytes_, faults
from agent2.core.model import Code

NOW = 1_000_000.0
DAY = 86400.0
GIB = 1 << 30

TABLE = [
    # size, age, size before, wanted, what is said
    (9, DAY, None, Wanted(), []),
    (9, DAY, None, Wanted(max_age=DAY), []),
    (9, DAY + 60, None, Wanted(max_age=DAY), ["1 d old, more than 1 d"]),
    (9, 26 * 3600, None, Wanted(max_age=DAY), ["1 d 2 h old, more than 1 d"]),
    (9, -61, None, Wanted(max_age=DAY), ["written 1 min 1 s in the future"]),
    (9, -59, None, Wanted(max_age=DAY), []),
    (9, 0, None, Wanted(min_size=10), ["9 B, less than 10 B"]),
    (10, 0, None, Wanted(min_size=10, max_size=10), []),
    (2048, 0, None, Wanted(max_size=1024), ["2.0 KiB, more than 1.0 KiB"]),
    (50, 0, 100, Wanted(percent=50), []),
    (49, 0, 100, Wanted(percent=50), ["49 % of the one before (100 B), less than 50 %"]),
    (0, 0, 0, Wanted(percent=50), []),
    (0, 0, None, Wanted(percent=50), []),
    (0, 0, 7, Wanted(min_size=1, percent=50),
     ["0 B, less than 1 B", "0 % of the one before (7 B), less than 50 %"]),
]  # fmt: skip


@pytest.mark.parametrize(("size", "age", "old", "wanted", "said"), TABLE)
def test_what_is_wrong_is_said_with_its_numbers(size, age, old, wanted, said):
    before = None if old is None else Seen("old", old, NOW - 2 * DAY)
    found = list(faults(Seen("new", size, NOW - age), before, wanted, NOW))

    assert [text for _, text in found] == said
    for code, text in found:
        timely = "old" in text or "future" in text
        assert code is (Code.STALE_HEARTBEAT if timely else Code.STATUS_VALUE)


@given(st.integers(0, 2**50), st.floats(0, 1e9), st.floats(-1e6, 1e6))
def test_shifting_all_times_changes_nothing(size, age, shift):
    wanted, age, shift = Wanted(DAY, 1000, GIB), round(age), round(shift)
    here = faults(Seen("f", size, NOW - age), None, wanted, NOW)
    there = faults(Seen("f", size, NOW - age + shift), None, wanted, NOW + shift)
    assert list(here) == list(there)


@given(st.integers(0, 2**60))
def test_a_size_is_short_and_of_its_order(many):
    number, unit = bytes_(many).split()
    factor = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}[unit]
    assert float(number) * factor == pytest.approx(many, rel=0.06)
