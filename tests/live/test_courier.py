"""The real courier, with the real store, against receivers that do as they please."""

from __future__ import annotations

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from agent2.core.message import Cause
from agent2.core.model import AlertKind
from agent2.host.wake import WakeSocket
from agent2.store import audits, inbox, outbox
from tests.fakes.base import Behaviour
from tests.fakes.channels import KINDS, channel
from tests.fakes.stage import COURIER, Stage, alert
from tests.ports import reserved


@pytest.fixture
def channels():
    made = {kind: channel(kind) for kind in KINDS}
    yield made
    for each in made.values():
        each.fake.close()


def stage(folder, channels, *kinds, options=None, language="zh"):
    plans = [channels[kind].plan(kind, **(options or {})) for kind in kinds]
    return Stage(folder, *plans, language=language)


def test_each_notifier_delivers_once_whatever_the_surroundings(tmp_path, channels):
    dead = f"http://127.0.0.1:{reserved()}"
    with stage(tmp_path, channels, *KINDS) as it:
        ids = [it.queue(kind) for kind in KINDS]
        it.start(HTTP_PROXY=dead, http_proxy=dead, HTTPS_PROXY=dead, all_proxy=dead)
        rows = [it.wait_state(each, "delivered", "dead") for each in ids]

    assert [row.state.value for row in rows] == ["delivered"] * len(KINDS)
    assert [len(channels[kind].fake.received) for kind in KINDS] == [1] * len(KINDS)
    assert all(row.receipt for row in rows)
    assert it.errors == ""


@pytest.mark.slow
def test_alerts_of_one_incident_arrive_in_their_order(tmp_path, channels):
    kinds = [
        AlertKind.FIRING,
        AlertKind.REMINDER,
        AlertKind.EXHAUSTED,
        AlertKind.RESOLVED,
    ]
    with stage(tmp_path, channels, "pagerduty", "webhook") as it:
        channels["webhook"].fake.then(Behaviour(status=503))
        for kind in kinds[:3]:
            it.queue("webhook", alert(kind))
        it.start()
        it.wait(lambda: len(channels["webhook"].fake.kept) == 3)
        last = it.queue("webhook", alert(kinds[3]))
        it.wait_state(last, "delivered")

    got = [each.json["data"]["kind"] for each in channels["webhook"].fake.received]
    assert got == ["firing"] + [kind.value for kind in kinds]


def test_a_killed_courier_is_taken_over_and_its_message_says_so(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        channels["webhook"].fake.then(Behaviour(mode="hang"))
        made = it.queue("webhook")
        first = it.start()
        channels["webhook"].fake.wait(1)
        it.stop(first, signal.SIGKILL)
        assert it.row(made).state.value == "sending"

        it.start()
        row = it.wait_state(made, "delivered")

    got = channels["webhook"].fake.received
    assert row.ambiguous
    assert [each.json["data"]["possible_repeat"] for each in got] == [False, True]
    assert len({each.headers["idempotency-key"] for each in got}) == 1


def test_a_lane_of_a_killed_courier_ends_by_itself(tmp_path, channels):
    with stage(tmp_path, channels, "webhook", options={"timeout": 2}) as it:
        channels["webhook"].fake.always = Behaviour(mode="drip", every=0.2)
        it.queue("webhook")
        courier = it.start()
        channels["webhook"].fake.wait(1)
        lanes = []
        it.wait(lambda: lanes.extend(it.lanes(courier)) or lanes)
        it.stop(courier, signal.SIGKILL)

        it.wait(lambda: not any(map(_alive, lanes)))


def _alive(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def test_a_lane_that_is_killed_is_replaced(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        channels["webhook"].fake.then(Behaviour(mode="hang"))
        made = it.queue("webhook")
        courier = it.start()
        channels["webhook"].fake.wait(1)
        os.kill(it.lanes(courier)[0], signal.SIGKILL)
        row = it.wait_state(made, "delivered")

    assert row.attempts == 2
    assert row.cause is Cause.CRASHED


def test_a_lane_holds_nothing_of_the_store(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        channels["webhook"].fake.then(Behaviour(mode="hang"))
        it.queue("webhook")
        courier = it.start()
        channels["webhook"].fake.wait(1)
        (lane,) = it.lanes(courier)
        held = [os.readlink(each.path) for each in os.scandir(f"/proc/{lane}/fd")]

    assert not [each for each in held if str(tmp_path) in each]
    assert len(held) == 5  # the three standard ones, its socket, the receiver


@pytest.mark.parametrize("gone", ["all of it", "the lock"])
def test_it_leaves_when_its_folder_was_removed(tmp_path, channels, gone):
    folder = tmp_path / "state"
    folder.mkdir()
    with stage(folder, channels, "webhook") as it:
        made = it.queue("webhook")
        courier = it.start("--idle", "600")
        it.wait_state(made, "delivered")
        (lane,) = it.lanes(courier)
        if gone == "the lock":
            (folder / "courier.lock").unlink()
        else:
            folder.rename(tmp_path / "removed")

        assert courier.wait(30) == 0
        it.wait(lambda: not os.path.exists(f"/proc/{lane}"))


@pytest.mark.slow
def test_an_alert_leaves_once_though_no_lease_can_be_written(tmp_path, channels):
    """As on a disk whose last room the incident has taken: no complaint fits either."""
    with stage(tmp_path, channels, "webhook") as it:
        (tmp_path / "stderr").symlink_to("/dev/full")
        made = it.queue("webhook")
        with closing(sqlite3.connect(it.db.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            it.start()
            it.wait(lambda: channels["webhook"].fake.received)
            assert it.row(made).state.value == "pending"
            other.execute("ROLLBACK")
        row = it.wait_state(made, "delivered")

    assert (row.attempts, row.fence, row.ambiguous) == (1, 1, False)
    assert len(channels["webhook"].fake.received) == 1


def test_where_memory_is_short_a_lane_goes_first(tmp_path, channels):
    def offer(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    with stage(tmp_path, channels, "webhook") as it:
        channels["webhook"].fake.then(Behaviour(mode="hang"))
        it.queue("webhook")
        courier = it.start()
        channels["webhook"].fake.wait(1)
        (lane,) = it.lanes(courier)

        assert offer(lane) == 1000
        assert offer(courier.pid) == offer(os.getpid()) < 1000


def test_a_hung_receiver_delays_only_its_own(tmp_path, channels):
    with stage(tmp_path, channels, "slack", "webhook") as it:
        channels["slack"].fake.always = Behaviour(mode="hang")
        hung = it.queue("slack")
        it.start()
        channels["slack"].fake.wait(1)
        ids = [it.queue("webhook") for _ in range(5)]
        for each in ids:
            it.wait_state(each, "delivered")

        assert it.row(hung).state.value in {"sending", "pending"}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["hang", "drip"])
def test_a_send_that_takes_too_long_is_ended(tmp_path, channels, mode):
    options = {"timeout": 1.0}
    with stage(tmp_path, channels, *KINDS, options=options) as it:
        for kind in KINDS:
            channels[kind].fake.always = Behaviour(mode=mode, every=0.3)
        channels["email"].fake.always = None
        channels["email"].fake.replies["."] = mode
        ids = {kind: it.queue(kind) for kind in KINDS}
        it.start()
        it.wait(lambda: all(it.row(each).cause for each in ids.values()))

        assert {
            kind: it.row(each).cause for kind, each in ids.items()
        } == dict.fromkeys(KINDS, Cause.TIMEOUT)
        assert all(it.row(each).ambiguous for each in ids.values())


@pytest.mark.slow
def test_an_answer_without_end_costs_a_lane_and_no_more(tmp_path, channels):
    with stage(
        tmp_path, channels, "apprise", "webhook", options={"timeout": 5.0}
    ) as it:
        channels["apprise"].fake.always = Behaviour(mode="endless")
        made = it.queue("apprise")
        courier = it.start()
        it.wait(lambda: it.row(made).cause is not None)
        used = int(_status(courier.pid, "VmHWM").split()[0])
        it.wait_state(it.queue("webhook"), "delivered")
        row = it.row(made)

    assert row.cause in {Cause.CRASHED, Cause.TIMEOUT, Cause.INVALID_ANSWER}
    assert channels["apprise"].fake.sent_bytes < 400 << 20
    assert used < 40_000  # KiB


def _status(pid: int, name: str) -> str:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(
        each.partition(":")[2].strip() for each in lines if each.startswith(name)
    )


def test_a_receiver_that_asks_for_rest_gets_it(tmp_path, channels):
    with stage(tmp_path, channels, "slack", "webhook") as it:
        channels["slack"].fake.then(
            Behaviour(status=429, headers={"Retry-After": "3000"})
        )
        first, second, other = it.queue("slack"), it.queue("slack"), it.queue("webhook")
        courier = it.start()
        it.wait_state(other, "delivered")

        assert courier.wait(30) == 0  # nothing is due for a while
        assert "slack" in outbox.paused(it.db)
        assert it.row(first).cause is Cause.RATE_LIMITED
        assert it.row(first).next_at - it.row(first).created_at > 2990
        assert it.row(second).attempts == 0
    assert len(channels["slack"].fake.received) == 1


@pytest.mark.slow
def test_a_rest_that_is_over_is_over(tmp_path, channels):
    with stage(tmp_path, channels, "slack") as it:
        channels["slack"].fake.then(Behaviour(status=429, headers={"Retry-After": "1"}))
        ids = [it.queue("slack"), it.queue("slack")]
        it.start()
        for each in ids:
            it.wait_state(each, "delivered")


def test_a_dead_letter_is_told_by_the_others(tmp_path, channels):
    with stage(tmp_path, channels, "pagerduty", "email", "webhook") as it:
        channels["pagerduty"].fake.then(Behaviour(status=400))
        made = it.queue("pagerduty")
        it.start()
        row = it.wait_state(made, "dead")
        channels["email"].fake.wait(1)
        channels["webhook"].fake.wait(1)
        event = inbox.get(it.db, f"ev-{made}/dead/{row.attempts}")
        assert (event.event.type, event.status) == ("ALERT_FAILED", "completed")
        assert event.event.payload["notifier"] == "pagerduty"
        (line,) = audits.of_event(it.db, event.event.id)
        assert (line.type, line.payload["reason"]) == (
            "SUPERVISOR_BLOCKED",
            "rejected does not pass by itself",
        )

    assert row.cause is Cause.REJECTED
    assert "pagerduty" in channels["email"].text()
    assert "WebUI 进程不存在" in channels["email"].text()
    assert channels["webhook"].fake.received[0].json["data"]["kind"] == "undelivered"
    assert "发送 PagerDuty 告警失败: pagerduty: " in it.errors


def test_a_dead_letter_that_nobody_can_tell_is_in_the_log(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        channels["webhook"].fake.then(Behaviour(status=404))
        made = it.queue("webhook")
        it.start()
        it.wait_state(made, "dead")
        it.wait(lambda: "没有其它通知渠道可以告知" in it.errors)


def test_readers_that_a_relay_refused_are_told_of_by_another(tmp_path, channels):
    to = ["admin@example.com", "gone@example.com"]
    mail = channels["email"].plan("email", to=to)
    with Stage(tmp_path, mail, channels["webhook"].plan("webhook")) as it:
        channels["email"].fake.replies["RCPT TO:<gone@"] = "550 no such user"
        made = it.queue("email")
        it.start()
        row = it.wait_state(made, "delivered", "dead")
        told = channels["webhook"].fake.wait(1)[0].json["data"]

    assert row.state.value == "delivered"
    assert told["kind"] == "undelivered"
    assert "gone@example.com" in told["detail"]
    assert channels["email"].fake.received[0].recipients == ("admin@example.com",)


def test_what_waits_for_a_removed_notifier_is_told_by_the_others(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        made = it.queue("gone")
        it.start()
        row = it.wait_state(made, "dead")
        told = channels["webhook"].fake.wait(1)[0].json["data"]

    assert row.cause is Cause.CONFIG
    assert "gone" in told["issue"]


def test_a_recovery_overtakes_a_failure_that_nobody_heard_of(tmp_path, channels):
    with stage(tmp_path, channels, "slack", "pagerduty") as it:
        kinds = (AlertKind.FIRING, AlertKind.REMINDER, AlertKind.RESOLVED)
        ids = {
            (n, k): it.queue(n, alert(k)) for n in ("slack", "pagerduty") for k in kinds
        }
        it.start()
        it.wait(
            lambda: all(it.row(each).state.value != "pending" for each in ids.values())
        )
        it.wait_state(ids["slack", AlertKind.RESOLVED], "delivered")
        it.wait_state(ids["pagerduty", AlertKind.RESOLVED], "delivered")
        states = {key: it.row(each).state.value for key, each in ids.items()}

    assert [states["slack", kind] for kind in kinds] == [
        "superseded",
        "superseded",
        "delivered",
    ]
    assert [states["pagerduty", kind] for kind in kinds] == [
        "delivered",
        "superseded",
        "delivered",
    ]
    assert len(channels["slack"].fake.received) == 1
    assert channels["pagerduty"].fake.open == {}


@pytest.mark.parametrize(
    ("language", "phrase"),
    [
        ("zh", "发送邮件失败: email: "),
        pytest.param("en", "sending mail failed: email: ", marks=pytest.mark.slow),
    ],
)
def test_a_failure_is_logged_once_until_its_cause_changes(
    tmp_path, channels, language, phrase
):
    fake = channels["email"].fake
    with stage(tmp_path, channels, "email", language=language) as it:
        socket = WakeSocket(str(tmp_path))
        fake.replies["DATA"] = "451 later"
        made, other = it.queue("email"), it.queue("email")
        it.start()
        it.wait(lambda: it.row(made).cause and it.row(other).cause)
        once = it.errors.count(phrase)
        fake.replies["DATA"] = "554 never"
        it.wait_state(made, "dead")
        it.wait_state(other, "dead")
        it.wait(lambda: it.errors.count(phrase) > once)
        heard = socket.messages()
        socket.close()

    assert once == 1
    assert it.errors.count(phrase) == 2
    logged = [each for each in heard if re.match(f"log ERROR/[^ ]* {phrase}", each)]
    assert len(logged) == 2
    assert "wake" in heard


def test_no_secret_is_in_the_log_or_the_store(tmp_path, channels):
    with stage(tmp_path, channels, *KINDS) as it:
        for made in channels.values():
            made.fake.always = Behaviour(status=404)
        channels["email"].fake.always = None
        channels["email"].fake.replies["AUTH"] = "535 no"
        ids = [it.queue(kind) for kind in KINDS]
        it.start()
        for each in ids:
            it.wait_state(each, "dead")
        details = " ".join(each.detail for each in outbox.listing(it.db))

    raw = b"".join(each.read_bytes() for each in tmp_path.glob("agent2.db*"))
    for made in channels.values():
        for secret in made.secrets:
            assert secret not in it.errors
            assert secret not in details
            assert secret.encode() not in raw


def test_a_missing_variable_is_named_and_told(tmp_path, channels):
    hook = channels["webhook"].plan("webhook", secret="${AGENT2_NOT_THERE}")
    with Stage(tmp_path, hook, channels["slack"].plan("slack")) as it:
        made = it.queue("webhook")
        it.start()
        row = it.wait_state(made, "dead")
        channels["slack"].fake.wait(1)

    assert row.cause is Cause.CONFIG
    assert row.detail == "environment variable AGENT2_NOT_THERE is not set"


def test_a_plan_compiled_anew_is_taken_up(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        courier = it.start()
        it.wait_state(it.queue("webhook"), "delivered")
        it.plan(channels["webhook"].plan("webhook"), channels["slack"].plan("slack"))
        courier.send_signal(signal.SIGURG)
        it.wait_state(it.queue("slack"), "delivered")

        assert courier.poll() is None


def test_a_second_courier_leaves_at_once(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        first = it.start()
        it.wait_state(it.queue("webhook"), "delivered")
        second = it.start()

        assert second.wait(30) == 0
        assert first.poll() is None


def test_it_leaves_when_there_is_nothing_to_do(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        made = it.queue("webhook")
        courier = it.start("--idle", "0.3")

        assert courier.wait(30) == 0
        assert it.row(made).state.value == "delivered"


def test_it_leaves_when_the_next_thing_is_far_off(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        channels["webhook"].fake.then(
            Behaviour(status=429, headers={"Retry-After": "600"})
        )
        made = it.queue("webhook")
        courier = it.start()

        assert courier.wait(30) == 0
        assert it.row(made).state.value == "pending"


@pytest.mark.slow
def test_it_leaves_quickly_when_asked_to_while_it_sends(tmp_path, channels):
    with stage(tmp_path, channels, "slack", options={"timeout": 30.0}) as it:
        channels["slack"].fake.always = Behaviour(mode="hang")
        made = it.queue("slack")
        courier = it.start()
        channels["slack"].fake.wait(1)
        lane = it.lanes(courier)[0]

        assert it.stop(courier) == 0
        assert it.row(made).state.value == "pending"
        assert it.row(made).ambiguous
        assert not _alive(lane)


def test_a_clock_of_the_watcher_is_shared(tmp_path, channels):
    with stage(tmp_path, channels, "webhook") as it:
        ahead = 1800.0
        made = it.queue("webhook", next_at=time.time() + ahead)
        courier = it.start("--idle", "0.3")
        assert courier.wait(30) == 0
        assert it.row(made).state.value == "pending"

        it.start("--clock", repr(time.time() - time.monotonic() + ahead + 1.0))
        it.wait_state(made, "delivered")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--state-dir"], 2),
        (["--nonsense", "1"], 2),
        (["--state-dir", "X", "--clock", "soon"], 2),
    ],
)
def test_a_wrong_command_line_is_one_line(arguments, code):
    ended = subprocess.run(
        [sys.executable, "-I", "-S", COURIER, *arguments],
        capture_output=True,
        check=False,
        text=True,
    )

    assert ended.returncode == code
    assert ended.stderr.startswith("agent2 courier: usage: ")
    assert len(ended.stderr.splitlines()) == 1


def test_without_a_plan_it_says_what_to_do(tmp_path, channels):
    with stage(tmp_path, channels) as it:
        (tmp_path / "plan.json").write_text("{")

        assert it.start().wait(30) == 78
        assert "agent2 config check" in it.errors
        assert "Traceback" not in it.errors


def test_a_lane_that_ended_itself_was_too_late_and_not_broken(tmp_path, channels):
    with stage(tmp_path, channels, "webhook", options={"timeout": 0.5}) as it:
        channels["webhook"].fake.always = Behaviour(mode="drip", every=0.1)
        row = it.queue("webhook")
        courier = it.start()
        channels["webhook"].fake.wait(1)
        (lane,) = it.lanes(courier)

        courier.send_signal(signal.SIGSTOP)  # a machine that gives it no time
        it.wait(lambda: not os.path.exists(f"/proc/{lane}") or state(lane) == "Z")
        courier.send_signal(signal.SIGCONT)

        it.wait(lambda: it.row(row).cause)
        assert it.row(row).cause is Cause.TIMEOUT


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.slow
def test_what_no_lease_can_be_written_for_is_tried_again_with_the_usual_gaps(
    tmp_path, channels
):
    with stage(tmp_path, channels, "webhook") as it:
        fake = channels["webhook"].fake
        fake.then(Behaviour(status=503))
        made = it.queue("webhook")
        with closing(sqlite3.connect(it.db.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            it.start()
            # Each try to write down waits for the lock: seconds, on a busy machine.
            assert len(fake.wait(2, 180)) == 2
            assert it.row(made).state.value == "pending"
            other.execute("ROLLBACK")
        it.wait_state(made, "delivered")

    assert len(fake.received) == 2
