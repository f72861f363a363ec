"""One figure of a service: where it stands, what it may be, what is counted."""

from __future__ import annotations

import pytest

from agent2.checks.http import HttpCheck
from agent2.checks.json_metric import JsonMetricCheck
from agent2.core.model import Code, Outcome
from agent2.plan.secret import Secret
from tests.contract.probing import ask
from tests.fakes.health_server import HealthServer, document, http

AGENTS = (
    '{"cpu": {"percent": 91.5}, "on": true, "name": "x", "agents": ['
    '{"id": 1, "status": "active"}, {"id": 2, "status": "idle"},'
    ' {"id": 3, "status": "active"}], "flows": {"a": {"state": "failed"}, "b": "failed"}}'
)
PAGE = "".join(f'errors_total{{code="{n}"}} {n}\n' for n in range(5000)) + "up 1\n"


def looked(body, **options):
    with HealthServer(http(body)) as server:
        return ask(JsonMetricCheck(url=server.url, **options))


FIGURES = [
    (AGENTS, {"field": "cpu.percent", "max_": 92.0}, Code.OK),
    (AGENTS, {"field": "cpu.percent", "max_": 91.0}, Code.LIMIT),
    (AGENTS, {"field": "cpu.percent", "min_": 92.0}, Code.LIMIT),
    (AGENTS, {"field": "agents", "count": "active", "min_": 2.0}, Code.OK),
    (AGENTS, {"field": "agents", "count": "active", "min_": 3.0}, Code.LIMIT),
    (AGENTS, {"field": "agents", "max_": 2.0}, Code.LIMIT),
    (AGENTS, {"field": "flows", "count": "failed", "key": "state", "max_": 1.0},
     Code.LIMIT),
    (AGENTS, {"field": "cpu.nothing", "max_": 1.0}, Code.SHAPE),
    (AGENTS, {"field": "on", "max_": 1.0}, Code.SHAPE),
    (AGENTS, {"field": "name", "max_": 1.0}, Code.SHAPE),
    (AGENTS, {"field": "name", "count": "x", "max_": 1.0}, Code.SHAPE),
    ("{", {"field": "a", "max_": 1.0}, Code.JSON),
    (PAGE, {"field": 'errors_total{code="500"}', "max_": 499.0}, Code.LIMIT),
    (PAGE, {"field": "up", "min_": 1.0}, Code.OK),
    (PAGE, {"field": "none", "min_": 1.0}, Code.SHAPE),
    ("down NaN\n", {"field": "down", "max_": 1.0}, Code.LIMIT),
]  # fmt: skip


@pytest.mark.parametrize(("body", "options", "code"), FIGURES)
def test_a_figure_is_held_to_its_limits(body, options, code):
    found = looked(body, **options)
    wanted = Outcome.OK if code is Code.OK else Outcome.FAIL
    assert (found.outcome, found.code) == (wanted, code)


def test_what_is_beyond_says_both_numbers_and_may_only_warn():
    found = looked(AGENTS, field="agents", count="active", min_=3.0, warn=True)
    assert (found.outcome, found.code) == (Outcome.OK, Code.LIMIT)
    assert found.detail == "agents active is 2, less than 3"


WRONG = [
    ({"field": "a"}, "max"),
    ({"field": "a", "min_": 2.0, "max_": 1.0}, "max"),
    ({"field": "", "max_": 1.0}, "field"),
    ({"field": "a{b", "max_": 1.0}, "field"),
    ({"field": "a", "max_": 1.0, "headers": {"Host ": "x"}}, "headers"),
]


@pytest.mark.parametrize(("options", "field"), WRONG)
def test_options_that_make_no_sense_are_named(options, field):
    check = JsonMetricCheck(url="http://127.0.0.1/", **options)
    assert [name for name, *_ in check.problems()] == [field]


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_is_told_apart_from_a_service_that_is_down(
    status, monkeypatch
):
    monkeypatch.setenv("TOKEN", "abcdefgh")
    key = {"Authorization": Secret("Bearer ${TOKEN}")}
    with HealthServer(http('{"token": "abcdefgh"}', status)) as server:
        plain = ask(HttpCheck(url=server.url))
        other = ask(HttpCheck(url=server.url, headers={"Accept-Language": "de"}))
        found = [
            ask(HttpCheck(url=server.url, headers=key)),
            ask(JsonMetricCheck(url=server.url, field="a", max_=1.0, headers=key)),
        ]
    for each in found:
        assert (each.outcome, each.code) == (Outcome.OK, Code.HTTP_STATUS)
        assert each.detail == f"credential invalid: HTTP {status}"
    assert (plain.outcome, other.outcome) == (Outcome.FAIL, Outcome.FAIL)


PARTS = [
    ({"db": "ok", "cache": {"status": "ok"}}, Outcome.OK, Code.OK),
    ({"db": "healthy"}, Outcome.OK, Code.OK),
    ({"db": {"status": "down"}}, Outcome.FAIL, Code.COMPONENT),
    ({"db": "down"}, Outcome.FAIL, Code.COMPONENT),
    ({"db": None}, Outcome.FAIL, Code.COMPONENT),
    ({"db": "degraded"}, Outcome.OK, Code.COMPONENT),
    ({"db": "ok", "cache": "down"}, Outcome.OK, Code.COMPONENT),
    ("ok", Outcome.FAIL, Code.COMPONENT),
]


@pytest.mark.parametrize(("components", "outcome", "code"), PARTS)
def test_every_part_of_a_detailed_answer_must_be_well(components, outcome, code):
    with HealthServer(http(document(components=components))) as server:
        check = HttpCheck(url=server.url, parts="components", optional=("cache",))
        found = ask(check)
    assert (found.outcome, found.code) == (outcome, code)
    if code is not Code.OK and components != "ok":
        assert ('db is "' in found.detail) or ('cache is "down"' in found.detail)
