"""The documents' drills: what each showed (``drilling.py`` carries them out)."""

from __future__ import annotations

import json

import pytest
from drilling import TENTH, TIMES, WINDOWS, crash, hang, profiles
from rig import config, never, watching

from tests.fakes.health_server import HealthServer, document, http

# Whoever asks first waits for all of them.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SLACK = 5.0  # seconds that a busy machine may take for the starts of eighty programs


# -- crash


def test_a_crash_gives_a_signal_within_fifteen_seconds_twenty_of_twenty(drilled):
    assert len(drilled.crashes()) == TIMES
    assert max(drill.signal_after for drill in drilled.crashes()) <= 15.0


def test_a_crash_is_called_process_not_alive(drilled):
    reasons = {drill.signal["reason"] for drill in drilled.crashes()}
    assert reasons == {"process_not_alive"}
    assert {d.signal["requested_by"] for d in drilled.crashes()} == {"agent2"}


def test_no_signal_stands_before_the_second_failed_check(drilled):
    for drill in drilled.crashes() + drilled.hangs():
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
    whole, seen = ["ok", "warn", "down"], []
    for drill in drilled.crashes():
        words = drilled.diary.words(drill.agent)
        # A diary that was held up for as long as a warning lasts can miss one.
        missed = drilled.diary.slowest > 0.2 and words[-2:] == ["ok", "down"]
        assert missed or words[-3:] == whole, (words, drilled.diary.slowest)
        seen.append(words[-3:])
    assert whole in seen


def test_at_the_signal_two_failures_are_counted(drilled):
    for drill in drilled.crashes() + drilled.hangs():
        assert drill.down["consecutive_failures"] == 2
        assert drill.down["status"] == "fixing"


def test_one_crash_makes_one_fix_record_and_one_signal(drilled):
    for drill in drilled.crashes():
        fixes = drill.agent.status()["fixes"]
        assert [fix["result"] for fix in fixes] == ["signal_created"]
        assert len(drill.agent.journal("restart.requested")) == 1
        assert len(drill.agent.until_line("修复操作: ", count=1)) == 1
        assert json.loads(drill.agent.signal_path.read_bytes()) == drill.signal
        assert drill.signal["id"] == fixes[0]["id"]


def test_no_reader_saw_a_torn_status(drilled):
    assert drilled.diary.torn == 0


# -- hang


def test_a_hang_gives_a_signal_within_twenty_seconds_twenty_of_twenty(drilled):
    assert len(drilled.hangs()) == TIMES
    assert max(drill.signal_after for drill in drilled.hangs()) <= 20.0


def test_a_hang_is_called_health_check_failed(drilled):
    assert {d.signal["reason"] for d in drilled.hangs()} == {"health_check_failed"}
    assert {d.signal["code"] for d in drilled.hangs()} == {"deadline"}


def test_after_cont_all_is_well_within_two_intervals(drilled):
    assert max(drill.well_after for drill in drilled.hangs()) <= 10.0


def test_after_cont_nothing_is_left_that_would_restart_the_healthy_target(drilled):
    for drill in drilled.hangs():
        assert drill.agent.signal() is None
        assert len(drill.agent.until_line("restart signal withdrawn", count=1)) == 1
        asked = drill.agent.journal("restart.requested")
        assert len(asked) == 1
        taken_back = [f["id"] for f in drill.agent.status()["fixes"] if f["withdrawn"]]
        assert taken_back == [asked[0][1]["action"]]
        assert not drill.agent.status()["incidents"]["open"]


# -- the profiles


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.parametrize("kind", [crash, hang])
def test_each_profile_keeps_the_documents_times(drilled, name, kind):
    drill = drilled.profile(name, kind)
    latest = WINDOWS[name][kind is hang] * TENTH
    threshold = drill.agent.status()["targets"][0]["failure_threshold"]
    # As late as the machine let a thread that only looks be, in each of the looks.
    busy = drilled.diary.slowest * (threshold + 1)
    assert drill.signal_after <= latest + SLACK + busy
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
        agent.until(lambda s: s["consecutive_failures"] == 0, 60, "all is well")
        assert not agent.lines("consecutive failures: 4")
        server.answers[:] = [sick]
        agent.until_signal()
        agent.until_line("signal created")  # the deed goes before its lines
        lines = agent.lines()
        made = next(n for n, line in enumerate(lines) if "signal created" in line)
        assert "consecutive failures: 4" in "\n".join(lines[:made])
        assert agent.until_signal()["reason"] == "health_check_failed"
        assert agent.until_signal()["code"] == "http_status"


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
