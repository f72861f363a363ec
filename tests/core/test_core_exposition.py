"""A figure out of a page of Prometheus, held against the library that writes such."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from agent2.core import exposition

PAGE = """\
# HELP http_requests_total All requests.
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a b{}\\"\\\\"} 1000 1700000000
http_requests_total{code="500", path="/"} 3
http_requests_total{code="500",path="/x",} 4e0
http_requests 17
up 1
down NaN
odd x
"""

TABLE = {
    "http_requests_total": 1007,
    'http_requests_total{code="500"}': 7,
    'http_requests_total{path="/", code="500"}': 3,
    'http_requests_total{code="404"}': None,
    'http_requests_total{path="/a b{}\\"\\\\"}': 1000,
    "http_requests": 17,
    "up": 1,
    "nothing": None,
}


@pytest.mark.parametrize("field", TABLE)
def test_series_that_have_the_labels_are_summed_up(field):
    assert exposition.total(PAGE, *exposition.parsed(field)) == TABLE[field]


@pytest.mark.parametrize("field", ["down", "odd"])
def test_what_is_no_number_is_told_as_that(field):
    assert math.isnan(exposition.total(PAGE, field, {}))


@pytest.mark.parametrize("field", ["", "a b", "1a", "a{", "a{b}", 'a{b="c}', 'a{b="c"'])
def test_what_names_no_metric_is_refused(field):
    with pytest.raises(exposition.FieldError):
        exposition.parsed(field)


@given(st.dictionaries(st.text(max_size=8), st.floats(allow_nan=False), max_size=5))
def test_what_the_library_writes_is_read(series):
    registry = CollectorRegistry()
    gauge = Gauge("load", "Of things.", ["name"], registry=registry)
    for name, number in series.items():
        gauge.labels(name).set(number)
    page = generate_latest(registry).decode()

    for name, number in series.items():
        assert exposition.total(page, "load", {"name": name}) == number


@given(st.text(alphabet='a{}"\\=, \n1', max_size=60))
def test_whatever_the_page_is_there_is_an_answer(page):
    exposition.total(page, "a", {})
