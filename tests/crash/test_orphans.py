"""Couriers that are killed, and what a kill leaves running: no lane, no second one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import ours
import pytest

from tests.fakes.base import Behaviour
from tests.fakes.channels import channel
from tests.fakes.stage import Stage
from tests.live.rig import config, wait_for, watching

TOO_LONG = 60.0  # a lane that waited for its own deadline would outlive the test


KINDS = ["webhook", "slack", "email", "pagerduty", "apprise"]


@pytest.fixture(params=KINDS)
def hung(request, tmp_path):
    """A courier whose one receiver took the message and does not answer."""
    made = channel(request.param)
    if request.param == "email":
        made.fake.replies["."] = "hang"
    else:
        made.fake.always = Behaviour(mode="hang")
    plan = made.plan(request.param, timeout=TOO_LONG)
    with Stage(tmp_path, plan) as stage:
        stage.queue(request.param)
        courier = stage.start()
        made.fake.wait(1)
        yield stage, courier
    made.fake.close()


def test_a_lane_ends_with_its_courier_in_the_middle_of_a_send(hung):
    stage, courier = hung
    assert len(stage.lanes(courier)) == 1
    stage.stop(courier, signal.SIGKILL)
    stage.wait(lambda: not ours.of(stage.folder))


@pytest.fixture
def webhook(tmp_path):
    made = channel("webhook")
    with Stage(tmp_path, made.plan("webhook")) as stage:
        yield stage
    made.fake.close()


@pytest.mark.parametrize("hung", ["webhook"], indirect=True)
def test_couriers_and_lanes_let_the_watch_go_first(hung):
    stage, courier = hung
    ours_is = os.getpriority(os.PRIO_PROCESS, 0)
    for pid in (courier.pid, *stage.lanes(courier)):
        assert os.getpriority(os.PRIO_PROCESS, pid) == ours_is + 5


def sleeper() -> subprocess.Popen:
    argv = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)"]
    return subprocess.Popen(argv)


def test_a_courier_leaves_when_another_watcher_has_begun(webhook):
    courier = webhook.start()
    webhook.wait_state(webhook.queue("webhook"), "delivered")
    watcher = sleeper()
    try:
        (webhook.folder / "agent2.pid").write_text(f"{watcher.pid}\n")
        assert courier.wait(30) == 0
    finally:
        watcher.kill()
        watcher.wait()


@pytest.mark.parametrize("whose", ["a dead one's", "its own watcher's"])
def test_it_goes_on_for(webhook, whose):
    watcher = sleeper()
    watcher.kill()
    watcher.wait()
    pid = os.getpid() if whose == "its own watcher's" else watcher.pid
    (webhook.folder / "agent2.pid").write_text(f"{pid}\n")
    courier = webhook.start()
    for _ in range(2):  # the second is found at a later look
        webhook.wait_state(webhook.queue("webhook"), "delivered")
    assert courier.poll() is None


def test_a_courier_is_started_however_often_it_was_killed(rig):
    made = channel("webhook")
    made.fake.always = Behaviour(mode="hang")
    try:
        target = rig.target()
        hook = {"name": "hook", "kind": "webhook", **made.options}
        agent = rig.agent(config(watching(target, interval=0.2), notifiers=[hook]))
        agent.until_word("ok")
        target.fault("500")
        for count in (1, 2, 3):  # nothing else happens that would start one
            assert len(made.fake.wait(count)) == count
            (courier,) = [o for o in ours.of(agent.folder) if o.role == "courier"]
            if count == 3:
                made.fake.always = None
            ours.kill(courier)
        wait_for(
            lambda: agent.rows("SELECT state FROM deliveries") == [("delivered",)],
            10,
            "the alert is delivered",
        )
    finally:
        rig.close()
        for one in ours.of(agent.folder):
            ours.kill(one)
        made.fake.close()
