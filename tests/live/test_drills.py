"""The documents' drills, all at the same time: each with a target and an agent of its own.

Twenty crashes and twenty hangs with the default profile in real time; the six profiles
with every time a tenth of itself (``bench/drills.py --full`` runs them in real time).
"""

from __future__ import annotations

import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml
from rig import ROOT, Diary, Rig, config, never, wait_for, watching

from agent2.compiler.compile import compile_text
from tests.fakes.health_server import HealthServer, document, http

pytestmark = pytest.mark.slow

TIMES = 20
TENTH = 0.1
SLACK = 1.5  # seconds that a busy machine may take for the starts of eighty programs


class Drill:
    """One target, one agent, and what was seen of them."""

    def __init__(self, rig: Rig, number: int, settings: dict) -> None:
        self.number = number
        self.target = rig.target()
        self.agent = rig.agent(config(watching(self.target, **settings)))
        self.at = 0.0
        self.signal: dict = {}
        self.signal_after = 0.0
        self.down: dict = {}
        self.well_after = 0.0

    def strike(self, *signals: int) -> None:
        """Send *signals* somewhere inside an interval; wait for the restart signal."""
        self.agent.until_word("ok")
        interval = self.agent.status()["targets"][0]["interval_s"]
        time.sleep(interval * self.number / TIMES)
        for number in signals:
            self.at = self.target.send(number)
        wait_for(self.agent.signal_path.exists, 150, self.agent.tail)
        self.signal_after = self.agent.signal_path.stat().st_mtime - self.at
        self.signal = self.agent.signal()
        self.down = self.agent.until_word("down")

    def thaw(self) -> None:
        """Let a stopped target go on; wait until all is well."""
        at = time.time()
        self.target.send(signal.SIGCONT)
        self.agent.until_word("ok", 30)
        self.well_after = time.time() - at
        self.agent.until_no_signal()


def default_profile() -> dict:
    """Return interval, threshold and timeout of no configuration at all."""
    made = compile_text(None, "", "/nonexistent", "", {})
    target = made.tree["targets"][0]
    found = {name: target[name] for name in ("interval", "timeout")}
    return found | {"failure_threshold": target["policy"]["failure_threshold"]}


def crash(drill: Drill) -> Drill:
    drill.strike((signal.SIGTERM, signal.SIGKILL)[drill.number % 2])
    return drill


def hang(drill: Drill) -> Drill:
    drill.strike(signal.SIGSTOP)
    drill.thaw()
    return drill


@pytest.fixture(scope="module")
def drilled(tmp_path_factory):
    """Run all drills side by side; return them by name."""
    rig = Rig(tmp_path_factory.mktemp("drills"))
    usual = default_profile()
    try:
        with Diary() as diary, ThreadPoolExecutor(99) as pool:

            def run(work, number: int, settings: dict) -> Drill:
                with starting:
                    drill = Drill(rig, number, settings)
                diary.follow(drill.agent)
                return work(drill)

            # The longest first, and few at once: a start costs a fifth of a second.
            starting = threading.Semaphore(4)
            begun = {
                (name, work): pool.submit(run, work, 7, numbers)
                for name, numbers in profiles().items()
                for work in (crash, hang)
            }
            rows = {
                work: [pool.submit(run, work, n, usual) for n in range(TIMES)]
                for work in (hang, crash)
            }
            yield {
                "diary": diary,
                "profiles": {key: future.result() for key, future in begun.items()},
                "hang": [future.result() for future in rows[hang]],
                "crash": [future.result() for future in rows[crash]],
            }
    finally:
        rig.close()


def profiles() -> dict[str, dict]:
    """Return the numbers of the six profiles, every time a tenth of itself."""
    found = {}
    for path in sorted((ROOT / "config").glob("*.yaml")):
        defaults = yaml.safe_load(path.read_text()).get("defaults", {})
        if path.stem in WINDOWS:
            found[path.stem] = {
                "interval": seconds(defaults["interval"]) * TENTH,
                "timeout": seconds(defaults["timeout"]) * TENTH,
                "failure_threshold": defaults["failure_threshold"],
            }
    return found


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


# Seconds to the signal by the documents' arithmetic: latest after a kill, latest after
# a hang. The earliest is proved by the count of failures and not by a clock.
WINDOWS = {
    "dev": (4.1, 14.0),
    "test": (10.1, 20.0),
    "prod": (45.2, 75.0),
    "high_load": (45.2, 75.0),
    "low_latency": (2.2, 5.0),
    "unstable_network": (25.3, 100.0),
}


# -- crash


def test_a_crash_gives_a_signal_within_fifteen_seconds_twenty_of_twenty(drilled):
    assert len(drilled["crash"]) == TIMES
    assert max(drill.signal_after for drill in drilled["crash"]) <= 15.0


def test_a_crash_is_called_process_not_alive(drilled):
    reasons = {drill.signal["reason"] for drill in drilled["crash"]}
    assert reasons == {"process_not_alive"}
    assert {d.signal["requested_by"] for d in drilled["crash"]} == {"agent2"}


def test_no_signal_stands_before_the_second_failed_check(drilled):
    for drill in drilled["crash"] + drilled["hang"]:
        changes = drill.agent.journal("health.changed")
        words = [body["new"] for _, body in changes]
        assert words[:3] == ["healthy", "failing", "unhealthy"]
        first, second = changes[1][0], changes[2][0]
        (asked, _), *_ = drill.agent.journal("restart.requested")
        assert first < second <= asked
        lines = drill.agent.lines()
        counts = [n for n, line in enumerate(lines) if "consecutive failures" in line]
        made = next(n for n, line in enumerate(lines) if "signal created" in line)
        assert sum(n < made for n in counts) == 2, drill.agent.tail()


def test_the_status_warns_before_it_says_down(drilled):
    for drill in drilled["crash"]:
        assert drilled["diary"].words(drill.agent)[-3:] == ["ok", "warn", "down"]


def test_at_the_signal_two_failures_are_counted(drilled):
    for drill in drilled["crash"] + drilled["hang"]:
        assert drill.down["consecutive_failures"] == 2
        assert drill.down["status"] == "fixing"


def test_one_crash_makes_one_fix_record_and_one_signal(drilled):
    for drill in drilled["crash"]:
        fixes = drill.agent.status()["fixes"]
        assert [fix["result"] for fix in fixes] == ["signal_created"]
        assert len(drill.agent.journal("restart.requested")) == 1
        assert len(drill.agent.lines("修复操作: ")) == 1
        assert json.loads(drill.agent.signal_path.read_bytes()) == drill.signal
        assert drill.signal["id"] == fixes[0]["id"]


def test_no_reader_saw_a_torn_status(drilled):
    assert drilled["diary"].torn == 0


# -- hang


def test_a_hang_gives_a_signal_within_twenty_seconds_twenty_of_twenty(drilled):
    assert len(drilled["hang"]) == TIMES
    assert max(drill.signal_after for drill in drilled["hang"]) <= 20.0


def test_a_hang_is_called_health_check_failed(drilled):
    assert {d.signal["reason"] for d in drilled["hang"]} == {"health_check_failed"}
    assert {d.signal["code"] for d in drilled["hang"]} == {"deadline"}


def test_after_cont_all_is_well_within_two_intervals(drilled):
    assert max(drill.well_after for drill in drilled["hang"]) <= 10.0


def test_after_cont_nothing_is_left_that_would_restart_the_healthy_target(drilled):
    for drill in drilled["hang"]:
        assert drill.agent.signal() is None
        assert len(drill.agent.lines("restart signal withdrawn")) == 1
        asked = drill.agent.journal("restart.requested")
        assert len(asked) == 1
        taken_back = [f["id"] for f in drill.agent.status()["fixes"] if f["withdrawn"]]
        assert taken_back == [asked[0][1]["action"]]
        assert not drill.agent.status()["incidents"]["open"]


# -- the profiles


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("kind", [crash, hang])
def test_each_profile_keeps_the_documents_times(drilled, name, kind):
    drill = drilled["profiles"][name, kind]
    latest = WINDOWS[name][kind is hang] * TENTH
    assert drill.signal_after <= latest + SLACK
    threshold = drill.agent.status()["targets"][0]["failure_threshold"]
    lines = drill.agent.lines()
    made = next(n for n, line in enumerate(lines) if "signal created" in line)
    counted = [line for line in lines[:made] if "consecutive failures" in line]
    assert len(counted) == threshold


# -- the threshold


def test_with_threshold_four_the_fourth_failing_cycle_signals_and_no_third_does(rig):
    target = rig.target()
    sick, well = http("", 500), http(document())
    with HealthServer(well, sick, sick, sick, well) as server:
        checks = watching(target)["checks"]
        checks[2]["url"] = server.url
        agent = rig.agent(
            config(watching(target, checks=checks, interval=0.2, failure_threshold=4))
        )
        agent.until_line("consecutive failures: 3")
        agent.until_line("passed", count=2)
        never(agent.signal, 0.3, "a signal after three failures")
        assert agent.status()["consecutive_failures"] == 0
        assert not agent.lines("consecutive failures: 4")
        server.answers[:] = [sick]
        agent.until_signal()
        lines = agent.lines()
        made = next(n for n, line in enumerate(lines) if "signal created" in line)
        assert "consecutive failures: 4" in "\n".join(lines[:made])
        assert agent.signal()["reason"] == "health_check_failed"
        assert agent.signal()["code"] == "http_status"


def test_the_shipped_profiles_are_the_documents_numbers():
    numbers = {
        name: [round(n[key] / scale) for key, scale in KEYS]
        for name, n in profiles().items()
    }
    assert numbers == {
        "dev": [2, 2, 5],
        "test": [5, 2, 5],
        "prod": [10, 3, 10],
        "high_load": [15, 3, 10],
        "low_latency": [2, 1, 3],
        "unstable_network": [5, 5, 15],
    }


KEYS = (("interval", TENTH), ("failure_threshold", 1), ("timeout", TENTH))
