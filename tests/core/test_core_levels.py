"""How bad the numbers of the inbox are, at and beside each limit."""

from __future__ import annotations

import pytest

from agent2.core.levels import (
    Grade,
    backlog_level,
    failed_level,
    failed_share,
    lag_level,
    worst,
)

NORMAL, WARNING, CRITICAL = Grade.NORMAL, Grade.WARNING, Grade.CRITICAL


@pytest.mark.parametrize(
    ("pending", "grade"),
    [(0, NORMAL), (9, NORMAL), (10, WARNING), (50, WARNING), (51, CRITICAL)],
)
def test_backlog(pending, grade):
    assert backlog_level(pending) is grade


@pytest.mark.parametrize(
    ("lag", "grade"),
    [
        (None, NORMAL),
        (0.0, NORMAL),
        (4.999, NORMAL),
        (5.0, WARNING),
        (30.0, WARNING),
        (30.001, CRITICAL),
    ],
)
def test_lag(lag, grade):
    assert lag_level(lag) is grade


@pytest.mark.parametrize(
    ("failed", "total", "grade"),
    [
        (0, 0, NORMAL),
        (0, 100, NORMAL),
        (9, 1000, NORMAL),
        (1, 100, WARNING),
        (5, 100, WARNING),
        (6, 100, CRITICAL),
        (1, 1, CRITICAL),
    ],
)
def test_failed(failed, total, grade):
    assert failed_level(failed_share(failed, total)) is grade


def test_the_worst_of_all_counts():
    assert worst() is NORMAL
    assert worst(NORMAL, CRITICAL, WARNING) is CRITICAL
    assert worst(NORMAL, WARNING) is WARNING
