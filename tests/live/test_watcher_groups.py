"""Two instances of one service: one down is a warning, both down are not."""

from __future__ import annotations

import pytest
from rig import FAST, asking, config

from tests.fakes.health_server import HealthServer, document, http


def _instances(*servers) -> dict:
    """Return a target of which each instance is one of *servers*."""
    url = "http://127.0.0.1:{instance}/api/health"
    return FAST | {
        "name": "api",
        "instances": [server.port for server in servers],
        "checks": [{"kind": "http", "url": url}],
        "restart": {"settle": "0.5s"},
    }


def _words(status) -> list[str]:
    return [target["state"] for target in status["targets"]]


def _severities(status) -> dict[str, str]:
    return {one["target"]: one["severity"] for one in status["incidents"]["open"]}


@pytest.mark.slow
def test_one_of_two_warns_both_are_down_and_one_is_restarted_at_a_time(rig, server):
    with HealthServer(http(document())) as other:
        first, second = f"api.{server.port}", f"api.{other.port}"
        page = asking(server) | {
            "name": "page",
            "depends_on": ["api"],
            "checks": [{"kind": "tcp", "port": other.port}],
        }
        agent = rig.agent(config(_instances(server, other), page))
        status = agent.until(lambda s: s["summary"]["ok"] == 3, 60, "all are well")
        assert [t.get("group") for t in status["targets"]] == ["api", "api", None]
        assert status["groups"] == [
            {
                "name": "api",
                "state": "ok",
                "min_healthy": 1,
                "members": [first, second],
            }
        ]

        other.answers[:] = [http("", 500)]
        status = agent.until(lambda s: "down" in _words(s), 60, "one is down")
        assert _words(status) == ["ok", "down", "ok"], "the state of each is told"
        assert status["summary"] | {"total": 0} == {
            "total": 0,
            "ok": 2,
            "warn": 1,
            "down": 0,
            "unknown": 0,
        }
        assert status["health_status"] == status["groups"][0]["state"] == "warn"
        assert status["consecutive_failures"] > 0
        assert _severities(status) == {second: "warning"}
        (asked,) = (body for _, body in agent.journal("restart.requested"))
        assert asked["action"].startswith(second), "the sick one alone"

        server.answers[:] = [http("", 500)]
        status = agent.until(
            lambda s: list(_severities(s).values()) == ["critical"] * 2, 60, "both"
        )
        assert status["health_status"] == "down"
        assert status["summary"]["down"] == 2
        agent.until_line("until it is its turn", 30)
        held = [body for _, body in agent.journal("restart.withheld")]
        assert {(b["why"], b["note"]) for b in held} == {
            ("in_turn", f"{second} restarts")
        }
        assert len(agent.journal("restart.requested")) == 1, "nobody took it up yet"

        (agent.folder / "restart_signal.d" / second).unlink()
        agent.until(
            lambda _: len(agent.journal("restart.requested")) == 2, 60, "its turn"
        )

        server.answers[:] = [http(document())]
        other.answers[:] = [http(document())]
        agent.until(lambda s: s["summary"]["ok"] == 3, 60, "well again")

    told = [(b["kind"], b["severity"]) for _, b in agent.journal("alert.queued")]
    assert told.count(("firing", "warning")) == 1
    assert told.count(("firing", "critical")) == 2, "the first one is told again"
    assert agent.journal("restart.requested")[-1][1]["action"].startswith("api.")
