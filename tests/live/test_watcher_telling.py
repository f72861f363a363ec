"""The watcher's side of telling people: the courier is started, and again, and seen."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from rig import FAST, Agent, asking, config, wait_for

from agent2.store.lock import FileLock
from tests.fakes.health_server import HealthServer, document, http
from tests.fakes.web import FakeHook


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
    """Return the types of the first *count* events that came.

    Only what is posted there: an agent of another test may still ask for the health of
    who had this port before.
    """

    def come() -> list[str] | None:
        told = [got.json["type"] for got in hook.received if got.path == "/in"]
        return told if len(told) >= count else None

    return wait_for(come, 60, f"{count} events at the hook")


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
    status = agent.until(lambda s: "courier" in troubles(s), 60, "the trouble")

    assert status["status"] == "error"
    assert agent.until_line("cannot start the courier")
    hidden.rename(python)
    become(server, http(document()))
    agent.until(lambda s: not troubles(s), 60, "no trouble any more")
    assert kinds(hook, 2) == ["agent2.alert.firing", "agent2.alert.resolved"]


def test_a_folder_that_takes_no_error_log_stops_no_alert(rig, server, hook):
    agent = telling(rig, server, hook)
    os.symlink("/nowhere", agent.folder / "agent2_error.log")
    become(server, http("", 500))

    agent.start()

    assert kinds(hook, 1) == ["agent2.alert.firing"]
    assert troubles(agent.status()) == {}


# -- a target that is watched no more


def beside(agent: Agent, server: HealthServer) -> dict:
    """Return the agent's configuration with another target in the place of its own."""
    check = {"kind": "http", "url": server.url}
    return agent.config | {"targets": [{"name": "other", "checks": [check]} | FAST]}


def closed(agent: Agent, hook: FakeHook) -> None:
    """Hold that nothing of the target ``webui`` is left open anywhere."""
    assert kinds(hook, 2) == ["agent2.alert.firing", "agent2.alert.resolved"]
    last = hook.received[-1].json["data"]
    assert last["subject"].startswith("[Agent2 Resolved] no longer watched: WebUI")
    assert not agent.lines("well again"), "which it is not"
    assert last["action"] == "it was taken out of the configuration"
    agent.until_no_signal()
    agent.until(lambda s: s["incidents"]["open"] == [], 60, "no incident is open")
    assert agent.rows("SELECT count(*) FROM incidents WHERE resolved_at IS NULL") == [
        (0,)
    ]
    assert agent.until_line("no longer watched: webui")


@pytest.fixture
def other():
    with HealthServer(http(document())) as made:
        yield made


def test_a_reload_that_takes_a_sick_target_out_leaves_nothing_open(
    rig, server, other, hook
):
    agent = telling(rig, server, hook)
    become(server, http("", 500))
    agent.start()
    agent.until_signal()
    hook.wait(1)

    agent.configure(beside(agent, other))
    agent.send(signal.SIGHUP)

    closed(agent, hook)
    assert [t["name"] for t in agent.status()["targets"]] == ["other"]


def test_a_start_without_a_target_that_was_sick_leaves_nothing_open(
    rig, server, other, hook
):
    agent = telling(rig, server, hook)
    become(server, http("", 500))
    agent.start()
    agent.until_signal()
    hook.wait(1)
    agent.kill()

    agent.configure(beside(agent, other))
    agent.start()

    closed(agent, hook)
    assert agent.stop() == 0
    agent.start()
    agent.until_word("ok")
    assert len(agent.until_line("no longer watched: webui", count=1)) == 1


def test_nothing_is_shown_that_a_crash_would_take_back(rig, server):
    """While the store makes it wait, the status shows what was committed last."""
    first = asking(server, failure_threshold=1, timeout=30)
    port = {"kind": "tcp", "port": server.port}
    other = {"name": "other", "checks": [port]} | FAST  # well all the time
    agent = rig.agent(config(first, other))
    agent.until_word("ok")
    lock = FileLock(str(agent.folder / "agent2.db.lock"))
    lock.acquire()
    try:
        become(server, http("", 500))
        asked = server.connections
        server.wait_connections(asked + 20)
        seq = agent.status()["seq"]
        wait_for(lambda: agent.status()["seq"] > seq, 60, "one more status")
        shown = agent.status()
        assert shown["targets"][0]["state"] == shown["health_status"] == "ok"
        assert shown["summary"]["down"] == len(shown["incidents"]["open"]) == 0
        assert shown["consecutive_failures"] == 0
    finally:
        lock.release()
        lock.close()
    assert agent.until_word("down")["incidents"]["open"]
