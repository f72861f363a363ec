"""The watcher's side of telling people: the courier is started, and again, and seen."""

from __future__ import annotations

import os
import sys

import pytest
from rig import Agent, config

from tests.fakes.health_server import HealthServer, document, http
from tests.fakes.web import FakeHook

FAST = {"interval": 0.1, "timeout": 1}


@pytest.fixture
def server():
    with HealthServer(http(document())) as made:
        yield made


@pytest.fixture
def hook():
    with FakeHook() as made:
        yield made


def telling(rig, server: HealthServer, hook: FakeHook) -> Agent:
    """Return an agent, not started, that has one target and one notifier."""
    target = {"name": "webui", "checks": [{"kind": "http", "url": server.url}]} | FAST
    notifier = {"name": "hook", "kind": "webhook", "url": hook.url("/in")}
    agent = rig.agent(config(target, notifiers=[notifier]), start=False)
    agent.folder.mkdir(parents=True)
    return agent


def troubles(status: dict) -> dict:
    return status["agent"]["self"]["troubles"]


def become(server: HealthServer, answer: bytes) -> None:
    server.answers[:] = [answer]


def kinds(hook: FakeHook, count: int) -> list[str]:
    return [got.json["type"] for got in hook.wait(count)]


def test_a_courier_that_cannot_be_started_is_our_trouble_until_one_is(
    rig, server, hook
):
    python, hidden = rig.folder / "python", rig.folder / "hidden"
    python.symlink_to(sys.executable)
    agent = telling(rig, server, hook)
    argv = agent.argv()
    agent.argv = lambda: [str(python), *argv[1:]]
    agent.start()
    agent.until_word("ok")

    python.rename(hidden)
    become(server, http("", 500))
    agent.until_word("down")
    status = agent.until(lambda s: "courier" in troubles(s), 10, "the trouble")

    assert status["status"] == "error"
    assert agent.lines("cannot start the courier")
    hidden.rename(python)
    become(server, http(document()))
    agent.until(lambda s: not troubles(s), 10, "no trouble any more")
    assert kinds(hook, 2) == ["agent2.alert.firing", "agent2.alert.resolved"]


def test_a_folder_that_takes_no_error_log_stops_no_alert(rig, server, hook):
    agent = telling(rig, server, hook)
    os.symlink("/nowhere", agent.folder / "agent2_error.log")
    become(server, http("", 500))

    agent.start()

    assert kinds(hook, 1) == ["agent2.alert.firing"]
    assert troubles(agent.status()) == {}
