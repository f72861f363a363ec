"""When the watcher looks: a fixed rate, never twice at one moment, at once at a death."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from types import SimpleNamespace

import pytest
from rig import config, never, wait_for, watching

from agent2.core.judgement import judge
from agent2.core.model import Facet, Health, Observation, Policy
from agent2.core.value import replace
from agent2.host.clock import Clock
from agent2.host.reactor import Reactor
from agent2.metrics.gather import gather
from agent2.plan.values import PluginPlan, TargetPlan
from agent2.store.reading import Reader
from agent2.watcher.deaths import Deaths
from agent2.watcher.publish import fragment_of, summary
from agent2.watcher.snapshot import Snapshot
from agent2.watcher.watched import Watched
from agent2.wire import snapshot
from tests.fakes.health_server import HealthServer, document, http
from tests.ports import reserved


class Slow(HealthServer):
    """Answers well, a fixed time after the question."""

    wait = 0.0

    def serve(self, wire):
        self._stopped.wait(self.wait)
        super().serve(wire)


def watched(interval: float = 5.0, pid_file: str = "") -> Watched:
    checks = (PluginPlan("pid", "pid", {"file": pid_file}),) if pid_file else ()
    return Watched(TargetPlan("webui", checks, (), Policy(), interval, interval))


# -- the grid


@pytest.mark.parametrize(
    ("began", "ended", "due"),
    [
        (100.0, 100.1, 105.0),
        (100.4, 100.5, 105.0),  # a little late: the grid stays
        (100.0, 105.0, 105.0),  # a hang as long as the interval
        (100.0, 105.3, 105.3),  # outlasted: the next one follows at once ...
        (100.0, 112.0, 112.0),  # ... and whoever hung longer is not looked at twice
        (103.0, 103.1, 110.0),  # late by more than half: one is left out
        (107.4, 107.5, 110.0),
        (108.0, 108.1, 115.0),
        (172.0, 172.1, 175.0),  # a long stop: back on the grid
    ],
)
def test_the_next_tick(began, ended, due):
    target = watched()
    target.due = 100.0
    assert target.next_due(began, ended, first=False, alone=True) == pytest.approx(due)


def test_two_cycles_never_begin_closer_than_half_an_interval_after_a_stop():
    for late in range(500):
        target = watched()
        target.due = 0.0
        began = late / 10
        following = target.next_due(began, began + 0.01, first=False, alone=True)
        assert following - began >= 2.5 - 1e-9


def test_ticks_do_not_drift_however_late_each_is():
    target = watched()
    target.due = 0.0
    for _ in range(100):
        began = target.due + 0.3
        target.due = target.next_due(began, began + 0.2, first=False, alone=True)
    assert target.due == pytest.approx(500.0)


def test_while_failing_the_retry_interval_counts():
    plan = TargetPlan("webui", (), (), Policy(), 5.0, 1.0)
    target = Watched(plan)
    target.state = target.state.__class__(health=Health.FAILING)
    assert target.next_due(0.0, 0.1, first=False, alone=True) == pytest.approx(1.0)


@pytest.mark.slow
def test_an_answer_inside_the_time_out_is_good_though_it_outlasts_the_interval(rig):
    with Slow(http(document())) as server:
        server.wait = 1.4
        target = {
            "name": "webui",
            "checks": [{"kind": "http", "url": server.url, "slow": 0}],
            "interval": 0.9,
            "timeout": 30,
        }
        agent = rig.agent(config(target))
        agent.until_line("passed", count=2)
        assert not agent.lines("consecutive failures")
        agent.send(signal.SIGUSR2)  # asked for meanwhile: after the one that runs
        agent.until_line("passed", count=4)
        assert agent.stop() == 0
        ((waited,),) = agent.rows("SELECT value FROM totals WHERE name = 'reject'")
        store = Reader.look(str(agent.folder / "agent2.db"))
        found = gather(store, snapshot.read(str(agent.folder)))
        told = found("agent_task_dispatch_reject_total").samples
        store.close()
        assert waited >= 3
        assert ("", ("check",), waited) in told


# -- deaths


def asleep(tmp_path):
    """Start a process with a PID file; return it and who watches it."""
    process = subprocess.Popen(["sleep", "60"])
    file = tmp_path / "webui.pid"
    file.write_text(str(process.pid))
    return process, watched(pid_file=str(file))


def test_a_death_between_the_look_and_the_hold_is_a_death(tmp_path):
    process, target, reactor = *asleep(tmp_path), Reactor()
    died = []
    deaths = Deaths(reactor, lambda: [target], lambda *facts: died.append(facts), id)
    try:
        task = reactor.spawn(target.checks[0][1].probe(reactor, reactor.now() + 5))
        reactor.turn()
        seen = Observation("pid", "pid", Facet.PROCESS, task.result, 0.0, 0.0)
        target.seen = (seen,)
        process.kill()
        process.wait(30)
        for _ in range(3):  # said once, however often it is followed
            deaths.follow(target)
            reactor.turn()
        assert [(who.name, pid) for who, pid, _ in died] == [("webui", process.pid)]
    finally:
        deaths.close()
        reactor.close()


def test_a_death_that_a_look_sees_before_the_loop_hears_of_it_counts_once(tmp_path):
    process, target, reactor = *asleep(tmp_path), Reactor()
    died = []

    def noted(*facts):
        target.died = target.again = True  # as the agent asks for a look at once
        died.append(facts)

    deaths = Deaths(reactor, lambda: [target], noted, id)

    def looked():
        task = reactor.spawn(target.checks[0][1].probe(reactor, reactor.now() + 60))
        reactor.turn()
        target.seen = (Observation("pid", "pid", Facet.PROCESS, task.result, 0.0, 0.0),)
        return judge(target.seen)

    try:
        looked()
        deaths.follow(target)
        while target.ref is None:
            reactor.turn()
        assert not deaths.told(target, looked())
        process.kill()
        process.wait(30)
        reactor.unwatch(target.ref.fd)  # the look comes first
        assert deaths.told(target, looked())
        assert not deaths.told(target, looked())
        assert (target.died, target.again) == (False, False)
        ((_, pid, cause),) = died
        assert (pid, cause) == (process.pid, "killed by SIGKILL")
    finally:
        deaths.close()
        reactor.close()


def test_a_kill_right_after_the_start_is_noticed_at_once(rig):
    target = rig.target()
    entry = watching(target, interval=60, timeout=5, on_exit="trip")
    agent = rig.agent(config(entry), start=False)
    agent.start()
    target.send(signal.SIGKILL)
    assert agent.until_signal()["reason"] == "process_not_alive"


@pytest.mark.slow
def test_a_second_crash_inside_one_interval_is_noticed_at_once(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, interval=60, timeout=5)))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_word("warn")
    target.start()
    agent.send(signal.SIGUSR2)
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    assert agent.until_word("warn")["consecutive_failures"] == 1
    target.start()  # no look at it: only the PID file has changed
    wait_for(lambda: holds(agent.pid, target.pid), 60, "the successor is held")
    target.send(signal.SIGKILL)
    assert agent.until_word("down")["consecutive_failures"] == 2
    assert len(agent.until_line("the kernel reports a death", count=3)) == 3


def holds(agent: int, pid: int) -> bool:
    """Does the agent hold a pidfd of the process *pid*?"""
    for number in os.listdir(f"/proc/{agent}/fdinfo"):
        try:
            with open(f"/proc/{agent}/fdinfo/{number}", encoding="ascii") as file:
                if f"Pid:\t{pid}\n" in file.read():
                    return True
        except OSError:
            continue
    return False


def test_on_exit_trip_needs_no_second_failure(rig):
    target = rig.target()
    settings = {"interval": 60, "timeout": 5, "failure_threshold": 4}
    agent = rig.agent(config(watching(target, on_exit="trip", **settings)))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    assert agent.until_signal()["reason"] == "process_not_alive"
    assert agent.until_word("down")["consecutive_failures"] == 1


def test_a_death_waits_for_no_other_check(rig):
    """A child may hold the port open and answer nobody: the process is dead."""
    target = rig.target()
    with Slow(http(document())) as server:
        checks = [
            {"kind": "http", "url": server.url},
            {"kind": "pid", "file": str(target.pid_file)},
        ]
        settings = {"interval": 60, "timeout": 50, "failure_threshold": 1}
        agent = rig.agent(config({"name": "webui", "checks": checks, **settings}))
        agent.until_word("ok")
        server.wait = 60.0
        target.send(signal.SIGKILL)
        assert agent.until_signal()["reason"] == "process_not_alive"
        seen = agent.until_word("down")["targets"][0]["checks"]
        assert [check["name"] for check in seen] == ["pid"]
        assert len(agent.until_line("consecutive failures", count=1)) == 1


def test_after_a_death_the_other_checks_are_asked_for_the_picture(rig):
    target = rig.target()
    settings = {"interval": 60, "timeout": 5, "failure_threshold": 1}
    agent = rig.agent(config(watching(target, **settings)))
    names = [check["name"] for check in agent.until_word("ok")["targets"][0]["checks"]]
    target.send(signal.SIGKILL)
    agent.until_signal()

    def all_seen():
        seen = agent.status()["targets"][0]["checks"]
        return [check["name"] for check in seen] == names and seen[-1]["code"] != "ok"

    wait_for(all_seen, 60, "all checks are shown after the death")


# -- not looked at in time


@pytest.mark.parametrize(
    ("age", "word"), [(None, "unknown"), (0.0, "ok"), (14.0, "ok"), (16.0, "unknown")]
)
def test_the_status_never_says_ok_of_what_nobody_looked_at_in_time(age, word):
    clock = Clock()
    target = Watched(TargetPlan("webui", (), (), Policy(), 5.0, 5.0, timeout=5.0))
    target.state = replace(target.state, health=Health.HEALTHY)
    fragment_of(target, clock, clock.now())  # no earlier picture may stay
    target.last_check = None if age is None else clock.now() - age
    target.fragment = None if word == "ok" else target.fragment

    entry = json.loads(fragment_of(target, clock, clock.now()).text)
    shown = Snapshot(SimpleNamespace(clock=clock), "").word(target)

    assert (entry["state"], shown) == (word, word)
    assert summary([target], lambda _: shown)[word] == 1


# -- stopped ourselves


@pytest.mark.slow
def test_stopped_for_three_or_eight_intervals_it_finds_no_failure(rig):
    """A check after a stop has its whole time, and what went stale is known again."""
    target = rig.target()
    agent = rig.agent(config(watching(target, interval=0.3, timeout=2)))
    agent.until_line("passed", count=2)
    for seconds in (0.9, 2.4):
        agent.send(signal.SIGSTOP)
        time.sleep(seconds)
        count = len(agent.lines("passed"))
        agent.send(signal.SIGCONT)
        agent.until_line("passed", count=count + 1)
        assert agent.until_word("ok")["consecutive_failures"] == 0
        agent.until_line("passed", count=count + 2)
    assert not agent.lines("consecutive failures")
    assert not agent.lines("cannot judge")
    assert not agent.lines("restart signal")


@pytest.mark.slow
def test_stopped_in_the_middle_of_a_check_it_blames_itself(rig):
    with Slow(http(document())) as server:
        target = {
            "name": "webui",
            "checks": [{"kind": "http", "url": server.url}],
            "interval": 0.5,
            "timeout": 4,
            "failure_threshold": 1,
        }
        agent = rig.agent(config(target))
        agent.until_word("ok")
        server.wait = 60.0
        asked = server.connections
        server.wait_connections(asked + 1)
        agent.send(signal.SIGSTOP)
        time.sleep(6)
        server.wait = 0.0
        agent.send(signal.SIGCONT)
        agent.until_line("agent_gap")
        agent.until_line("passed", count=2)
        assert not agent.lines("consecutive failures")
        assert agent.signal() is None


@pytest.mark.slow
def test_after_a_stop_one_look_counts_once(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, interval=2, timeout=10)))
    agent.until_word("ok")
    agent.send(signal.SIGSTOP)
    target.fault("500")
    time.sleep(4.5)
    agent.send(signal.SIGCONT)
    agent.until_signal()
    changes = agent.journal("health.changed")
    assert [body["new"] for _, body in changes][-2:] == ["failing", "unhealthy"]
    assert changes[-1][0] - changes[-2][0] > 0.29


# -- asked for


def test_usr2_looks_at_once(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, interval=60, timeout=5)))
    agent.until_line("passed")
    for count in (2, 3):
        agent.send(signal.SIGUSR2)
        agent.until_line("passed", count=count)


def test_an_agent_that_starts_before_its_target_waits_for_it(rig):
    target = rig.target(start=False, port=reserved())
    agent = rig.agent(config(watching(target, interval=0.3, timeout=5)))
    status = agent.until_word("down")
    assert status["targets"][0]["checks"][0]["code"] == "pid_missing"
    assert agent.until_signal()["reason"] == "process_not_alive"
    target.start()
    agent.until_word("ok")
    agent.until_no_signal()


def test_within_the_start_grace_a_target_that_was_never_up_is_not_judged(rig):
    target = rig.target(start=False, port=reserved())
    settings = {"interval": 0.1, "timeout": 5, "start_grace": 60}
    agent = rig.agent(config(watching(target, **settings)))
    never(agent.signal, 0.6, "a signal within the grace")
    target.start()
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_signal()
