"""A target whose parent fails is measured, but neither told nor restarted."""

from __future__ import annotations

import json

import pytest
from rig import asking, config, wait_for

from agent2.core.model import Health, Policy, TargetState
from agent2.core.value import replace
from agent2.plan.values import TargetPlan
from agent2.watcher.watched import Watched, above, is_held
from tests.fakes.health_server import HealthServer, document, http
from tests.fakes.web import FakeHook


def targets(*parents: tuple[str, ...], ill: str = "") -> dict[str, Watched]:
    """Return the targets a, b, c … with their *parents*, those of *ill* unhealthy."""
    found = {}
    for name, parent in zip("abcdef", parents, strict=False):
        made = Watched(TargetPlan(name, (), (), Policy(), depends_on=parent))
        if name in ill:
            made.state = replace(TargetState(), health=Health.UNHEALTHY)
        found[name] = made
    return found


@pytest.mark.parametrize(
    ("parents", "ill", "held"),
    [
        ([()], "a", False),  # its own failure holds nobody
        ([("b",), ()], "", False),
        ([("b",), ()], "b", True),
        ([("b",), ("c",), ()], "c", True),  # far away
        ([("b", "c"), (), ("d",), ()], "d", True),
        ([("b",), (), ()], "c", False),  # not above it
        ([("x",)], "", False),  # taken out of the configuration
        ([("b",), ("a",)], "a", False),  # in a circle
        ([("b",), ("c",), ("b",)], "", False),
    ],
)
def test_who_is_held(parents, ill, held):
    found = targets(*parents, ill=ill)

    assert is_held(found["a"], found) is held


@pytest.mark.parametrize(
    "health", [Health.FAILING, Health.UNHEALTHY, Health.RECOVERING]
)
def test_a_parent_that_is_not_well_holds_and_one_that_is_unknown_does_not(health):
    found = targets(("b",), ())

    found["b"].state = replace(TargetState(), health=health)
    assert is_held(found["a"], found)

    found["b"].state = TargetState()
    assert not is_held(found["a"], found)


def test_what_was_down_above_is_known_with_when_it_came_back():
    found = targets(("b", "d"), ("c",), (), (), ill="c")
    back = {"first_seen": 1.0, "healthy_since": 9.0, "health": Health.HEALTHY}
    found["b"].state = replace(TargetState(), **back)
    found["d"].state = replace(TargetState(), **back | {"healthy_since": 1.0})

    assert dict(above(found["a"], found)) == {"b": 9.0, "c": None, "d": 0.0}


def test_only_the_parent_asks_for_a_restart_and_the_child_recovers_by_itself(
    rig, server
):
    with HealthServer(http(document())) as below:
        database = asking(server) | {"name": "database"}
        page = asking(below, depends_on=["database"], interval=0.3) | {"name": "page"}
        agent = rig.agent(config(database, page))
        agent.until(lambda s: s["summary"]["ok"] == 2, 60, "both are well")

        server.answers[:] = [http("", 500)]
        agent.until(lambda s: s["targets"][0]["state"] == "down", 60, "the parent")
        below.answers[:] = [http("", 500)]
        agent.until(lambda s: s["targets"][1]["state"] == "down", 60, "the child")
        below.answers[:] = [http(document())]
        server.answers[:] = [http(document())]
        status = agent.until(lambda s: s["summary"]["ok"] == 2, 60, "well again")

    asked = [body["action"] for _, body in agent.journal("restart.requested")]
    assert {action.partition("#")[0] for action in asked} == {"database"}
    assert {fix["target"] for fix in status["fixes"]} == {"database"}
    opened = [
        kind for (kind,) in agent.rows("SELECT target FROM incidents ORDER BY id")
    ]
    assert opened == ["database", "page"]


def test_who_is_still_down_when_its_parent_is_back_is_told_as_a_consequence_of_it(
    rig, server
):
    with HealthServer(http(document())) as below, FakeHook() as hook:
        database = asking(server) | {"name": "database"}
        page = asking(below, depends_on=["database"], interval=0.3) | {"name": "page"}
        notifier = {"name": "hook", "kind": "webhook", "url": hook.url("/in")}
        agent = rig.agent(config(database, page, notifiers=[notifier]))
        agent.until(lambda s: s["summary"]["ok"] == 2, 60, "both are well")

        def told(name):
            bodies = [got.json for got in hook.received if got.path == "/in"]
            alerts = [body["data"] for body in bodies if body["subject"] == name]
            return [one for one in alerts if one["kind"] == "firing"]

        server.answers[:] = [http("", 500)]
        (cause,) = wait_for(lambda: told("database"), 60, "the parent is told of")
        below.answers[:] = [http("", 500)]
        agent.until(lambda s: s["targets"][1]["state"] == "down", 60, "the child")
        assert not told("page")  # measured, and its parent is the likely cause
        server.answers[:] = [http(document())]
        (page,) = wait_for(lambda: told("page"), 60, "the child is told of")

    assert "Consequence of (down meanwhile): database" in page["lines"]
    assert page["opened_at"] > cause["opened_at"]
    assert "Consequence" not in json.dumps(cause)
