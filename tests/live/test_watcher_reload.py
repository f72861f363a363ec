"""SIGHUP takes a changed configuration, or refuses a bad one and keeps the old."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import time

import pytest
from rig import FAST, config, never, watching

from tests.fakes.health_server import HealthServer, http

SLOWLY = {"interval": 60, "timeout": 30}


def asking(server: HealthServer, name: str = "webui", **settings) -> dict:
    return {"name": name, "checks": [{"kind": "http", "url": server.url}]} | settings


def reload(agent, settings: dict | str) -> dict:
    """Change the configuration, hang up, return the status that tells the result."""
    before = agent.status()["agent"]["config"]["last_reload_at"]
    if isinstance(settings, str):
        agent.yaml.write_text(settings, encoding="utf-8")
    else:
        agent.configure(settings)
    agent.send(signal.SIGHUP)
    return agent.until(
        lambda s: s["agent"]["config"]["last_reload_at"] != before, 60, "a reload"
    )["agent"]["config"]


def test_a_new_interval_counts_at_once_with_the_same_pid_and_counters(rig, server):
    server.answers[:] = [http("", 500)]
    slowly = asking(server, **SLOWLY, failure_threshold=1000)
    agent = rig.agent(config(slowly))
    agent.until_word("warn")
    for count in (2, 3):
        agent.send(signal.SIGUSR2)
        agent.until(lambda s, n=count: s["consecutive_failures"] == n, 60, "a look")
    told = reload(agent, config(asking(server, **FAST, failure_threshold=1000)))
    assert told["last_reload"] == "ok"
    assert told["error"] == ""
    keys = [f"targets.webui.{key}" for key in ("interval", "retry_interval", "timeout")]
    assert set(keys) <= set(told["changed"])
    assert "targets.webui.failure_threshold" not in told["changed"]
    assert agent.lines(f"changed: {' '.join(told['changed'])}")
    agent.until_line("failures: 6)")
    status = agent.status()
    assert status["agent"]["pid"] == agent.pid
    assert status["targets"][0]["interval_s"] == 0.1
    counts = [
        int(line.partition("failures: ")[2].partition(")")[0])
        for line in agent.lines("consecutive failures: ")
    ]
    assert counts == list(range(1, len(counts) + 1))


def test_a_broken_configuration_is_refused_and_the_old_one_stays(rig, server):
    agent = rig.agent(config(asking(server, **FAST)))
    agent.until_word("ok")
    told = reload(agent, "version: 1\ntargets:\n  - name: webui\n    chekcs: []\n")
    assert told["last_reload"] == "rejected"
    assert f"{agent.yaml}:4:" in told["error"]
    assert "chekcs" in told["error"]
    (line,) = agent.until_line("configuration refused")
    assert " - ERROR - " in line
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 2)
    assert agent.status()["status"] == "monitoring"
    told = reload(agent, config(asking(server, interval=0.2, timeout=5)))
    assert (told["last_reload"], told["error"]) == ("ok", "")
    agent.until(lambda s: s["targets"][0]["interval_s"] == 0.2, 60, "the repaired one")


@pytest.mark.parametrize(
    "text", ["", "targets: []\nversion: 1\n", "{", "version: 1\n\ttargets: 3\n", "\0"]
)
@pytest.mark.slow
def test_whatever_stands_there_the_watch_goes_on(rig, server, text):
    agent = rig.agent(config(asking(server, **FAST)))
    agent.until_word("ok")
    assert reload(agent, text)["last_reload"] == "rejected"
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 2)


def test_a_configuration_that_is_gone_is_refused(rig, server):
    agent = rig.agent(config(asking(server, **FAST)))
    agent.until_word("ok")
    agent.yaml.unlink()
    agent.send(signal.SIGHUP)
    agent.until_line("configuration refused")
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 2)


def test_a_start_with_a_broken_configuration_ends_78_with_the_line(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    agent.configure(agent.config)
    agent.yaml.write_text("version: 1\ntargets: 3\n")
    agent.start(wait=0)
    assert agent.process.wait(60) == 78
    said = agent.errors.read_text()
    assert f"agent2: {agent.yaml}:2:" in said
    assert not (agent.folder / "agent2.pid").exists()


def test_an_unchanged_configuration_is_only_a_new_log(rig, server):
    agent = rig.agent(config(asking(server, **SLOWLY)))
    agent.until_line("passed")
    loaded = agent.status()["agent"]["config"]["loaded_at"]
    agent.send(signal.SIGHUP)
    agent.until_line("configuration unchanged")
    assert len(agent.until_line("passed", count=1)) == 1
    assert agent.status()["agent"]["config"]["loaded_at"] == loaded


def test_targets_come_and_go_and_who_stays_keeps_what_is_known(rig, server):
    with HealthServer(http("", 500)) as sick:
        one, two = asking(server, "one", **FAST), asking(sick, "two", **FAST)
        agent = rig.agent(config(one, two))
        agent.until(lambda s: s["targets"][1]["state"] == "down", 60, "two is down")
        incident = agent.status()["targets"][1]["incident"]
        reload(agent, config(two, asking(server, "three", **FAST)))
        status = agent.until(
            lambda s: [t["state"] for t in s["targets"]] == ["down", "ok"], 5, "both"
        )
        assert [t["name"] for t in status["targets"]] == ["two", "three"]
        assert status["targets"][0]["incident"] == incident
        assert status["primary"] == "two"
        count = len(agent.lines("[one]"))
        never(lambda: len(agent.lines("[one]")) > count, 0.3, "one is looked at")


def test_the_log_level_is_taken_over(rig, server):
    agent = rig.agent(config(asking(server, **FAST)))
    agent.until_line("passed")
    reload(agent, config(asking(server, **FAST), log={"level": "WARNING"}))
    agent.until_line("passed")
    count = len(agent.lines("passed"))
    never(lambda: len(agent.lines("passed")) > count, 0.4, "an INFO line")
    reload(agent, config(asking(server, **FAST), log={"level": "DEBUG"}))
    agent.until_line("passed", count=count + 1)


def test_a_remembered_death_survives_a_reload(rig):
    """The process is held anew: its death after the reload is noticed at once."""
    target = rig.target()
    settings = {"interval": 60, "timeout": 30}
    agent = rig.agent(config(watching(target, **settings)))
    agent.until_word("ok")
    reload(agent, config(watching(target, **settings, failure_threshold=1)))
    agent.until_line("passed", count=2)
    target.send(signal.SIGKILL)
    agent.until_signal()


class Readings:
    """Sees a file being closed by a reader (Linux inotify)."""

    def __init__(self, path) -> None:
        libc = ctypes.CDLL(None)
        self.fd = libc.inotify_init1(os.O_CLOEXEC)
        assert libc.inotify_add_watch(self.fd, str(path).encode(), 0x10) > 0

    def wait(self, count: int, within: float) -> None:
        """Wait for *count* readings."""
        end = time.monotonic() + within
        while count > 0:
            left = end - time.monotonic()
            assert select.select([self.fd], [], [], max(left, 0))[0], "nobody reads it"
            count -= len(os.read(self.fd, 4096)) // 16  # bytes of an event

    def close(self) -> None:
        os.close(self.fd)


def test_a_change_made_while_a_reload_runs_is_taken_after_it(rig, server):
    agent = rig.agent(config(asking(server, **FAST)))
    agent.until_word("ok")
    many = (asking(server, f"t{n}", interval=600, timeout=30) for n in range(200))
    agent.configure(config(*many))
    with contextlib.closing(Readings(agent.yaml)) as readings:
        agent.send(signal.SIGHUP)
        readings.wait(2, 20)  # by the watcher, and by its compiler
    agent.configure(config(asking(server, interval=0.3, timeout=5)))
    agent.send(signal.SIGHUP)
    status = agent.until(lambda s: s["targets"][0]["interval_s"] == 0.3, 60, "the last")
    assert len(status["targets"]) == 1


def with_a_plugin_that_is_gone(agent, settings: dict) -> None:
    """Lay down a current plan that only a broken installation can make."""
    agent.folder.mkdir(parents=True, exist_ok=True)
    agent.configure(settings)
    agent.precompile()
    plan = agent.folder / "plan.json"
    plan.write_text(plan.read_text().replace('"kind": "http"', '"kind": "gone"'))


def test_a_plugin_that_is_gone_refuses_the_reload_and_the_old_plan_stays(rig, server):
    agent = rig.agent(config(asking(server, **FAST)))
    agent.until_word("ok")
    with_a_plugin_that_is_gone(agent, config(asking(server, interval=0.2, timeout=5)))
    agent.send(signal.SIGHUP)
    (line,) = agent.until_line("configuration refused")
    assert "target webui: a plugin cannot be used" in line
    count = len(agent.lines("passed"))
    agent.until_line("passed", count=count + 2)
    told = reload(agent, config(asking(server, interval=0.3, timeout=5)))
    assert told["last_reload"] == "ok"
    assert agent.status()["targets"][0]["interval_s"] == 0.3


def test_a_plugin_that_is_gone_at_the_start_ends_78_with_one_line(rig, server):
    agent = rig.agent(config(asking(server)), start=False)
    with_a_plugin_that_is_gone(agent, agent.config)
    agent.start(wait=0)
    assert agent.process.wait(60) == 78
    (line,) = agent.errors.read_text().splitlines()
    assert line.startswith("agent2: target webui: a plugin cannot be used")
