"""Services of supervisord and Docker are restarted by them, proved, within the budget."""

from __future__ import annotations

import os
import signal

import pytest
from rig import FAST, config, wait_for

from tests.fakes.docker_socket import ENDED, DockerSocket
from tests.supervisord_kit import supervisord

EAGER = {"settle": 0.3, "backoff": 0.05, "backoff_max": 0.1, "proof": 5}


def owned(name, kind, restart, **place):
    at = {"kind": kind} | place
    return {
        "name": name,
        "checks": [at],
        "restart": EAGER | restart | {"actions": [at]},
    } | FAST


def results(agent, target):
    fixes = agent.status()["fixes"]
    return [one["result"] for one in fixes if one["target"] == target]


@pytest.mark.slow
def test_each_owner_restarts_its_own_and_what_cannot_start_exhausts_its_budget(
    rig, tmp_path
):
    sock = str(tmp_path / "s.sock")
    login = {"socket": sock, "username": "watch", "password": "pass:word"}
    with supervisord(tmp_path), DockerSocket(tmp_path / "d.sock") as docker:
        wait_for(lambda: os.path.exists(sock), 60, "supervisord listens")
        agent = rig.agent(
            config(
                owned("web", "supervisord", {}, program="web", **login),
                owned("bad", "supervisord", {"intensity": 2}, program="bad", **login),
                owned("box", "docker", {}, container="web", socket=docker.path),
            )
        )

        def states():
            return {one["name"]: one for one in agent.status()["targets"]}

        agent.until(lambda s: all(one["checks"] for one in s["targets"]), 60, "seen")
        wait_for(lambda: states()["web"]["checks"][0]["code"] == "ok", 60, agent.tail)
        found = states()["web"]["checks"][0]["detail"]
        first = int(found.split("pid ")[1].split(",")[0])
        os.kill(first, signal.SIGKILL)
        docker.state = dict(ENDED)
        wait_for(lambda: results(agent, "web") == ["success"], 60, agent.tail)
        wait_for(lambda: results(agent, "box") == ["success"], 60, agent.tail)
        again = states()["web"]["checks"][0]["detail"]
        assert f"pid {first}," not in again

        wait_for(lambda: states()["bad"]["restarts"]["exhausted"], 60, agent.tail)
        assert results(agent, "bad") == ["failed", "failed"]
        starts = (tmp_path / "s.log").read_text().count("INFO spawned: 'bad'")
        assert starts == 3  # supervisord's own, and the two of the budget
        assert docker.asked.count("POST /containers/web/restart?t=10") == 1
