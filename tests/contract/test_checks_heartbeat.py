"""The dead-man check over a real store: what a job reports, and what its silence is."""

from __future__ import annotations

import os
import signal
import time

import pytest

from agent2 import plugins
from agent2.checks.heartbeat import HeartbeatCheck
from agent2.core.heartbeat import Beat
from agent2.core.model import Code, Outcome
from agent2.core.value import replace
from agent2.host.clock import Clock
from agent2.store import heartbeats, inbox
from agent2.store.database import Database, StoreError
from tests.contract.probing import ask


@pytest.fixture
def db(tmp_path):
    made = Database.open(str(tmp_path / "agent2.db"))
    yield made
    made.close()


def say(db, said, at, message="", job="backup"):
    event = heartbeats.event(job, said, {}, "cli", at)
    heartbeats.report(db, said, message, event, at)


def looked(tmp_path, *, keeps=True, **options):
    given = {"job": "backup", **options}
    made = plugins.check("heartbeat", given, str(tmp_path), keeps=keeps)
    return ask(made, 60.0)


def test_a_job_that_reports_is_well_and_one_that_is_silent_is_late(db, tmp_path):
    now = time.time()
    say(db, "start", now - 7300)
    say(db, "ok", now - 7200, "42 GB\n\x1b[31m")

    well = looked(tmp_path, every=7000.0, grace=600.0)
    late = looked(tmp_path, every=7000.0, grace=60.0)

    assert (well.outcome, well.code) == (Outcome.OK, Code.OK)
    assert "ok 2 h ago, took 1 min 40 s" in well.detail
    assert "42 GB" in well.detail
    assert dict(well.timings)["run"] == pytest.approx(100, abs=1)
    assert (late.outcome, late.code) == (Outcome.FAIL, Code.STALE_HEARTBEAT)
    assert late.detail.startswith("job backup late by 3 min")


def test_a_schedule_is_kept_in_the_zone_that_it_names(db, tmp_path):
    say(db, "ok", time.time() - 86400 - 60)

    daily = {"schedule": "* * * * *", "timezone": "Asia/Shanghai"}
    assert looked(tmp_path, **daily, grace=60.0).code is Code.STALE_HEARTBEAT
    assert looked(tmp_path, **daily, grace=2 * 86400.0).code is Code.OK
    assert looked(tmp_path, schedule="@yearly").code is Code.OK


def test_failed_and_running_too_long_are_told_apart(db, tmp_path):
    now = time.time()
    say(db, "fail", now, "disk full")
    assert "failed" in looked(tmp_path, every=60.0).detail
    assert "disk full" in looked(tmp_path, every=60.0).detail

    say(db, "ok", now)
    say(db, "start", now - 100)
    long = looked(tmp_path, every=60.0, runtime=90.0)
    assert (long.outcome, long.code) == (Outcome.FAIL, Code.STALE_HEARTBEAT)
    assert "runs for 1 min 40 s, more than 1 min 30 s" in long.detail


def test_who_never_reported_is_owed_from_the_first_look_on(db, tmp_path):
    assert looked(tmp_path, every=60.0, keeps=False).code is Code.OK
    assert heartbeats.of(db, "backup") is None  # a look of a person writes nothing

    looked(tmp_path, every=60.0)
    first = heartbeats.of(db, "backup")
    assert first is not None
    with db.transaction() as tx:
        heartbeats._write(tx, "backup", replace(first, since=first.since - 99999))

    found = looked(tmp_path, every=60.0)
    assert found.code is Code.STALE_HEARTBEAT
    assert "never reported" in found.detail


def test_without_a_store_or_with_a_clock_set_back_nothing_is_said_of_the_job(
    db, tmp_path
):
    none = looked(tmp_path / "nowhere", every=60.0)
    assert (none.outcome, none.code) == (Outcome.ERROR, Code.INTERNAL)

    say(db, "ok", time.time() + 3600)
    back = looked(tmp_path, every=60.0)
    assert (back.outcome, back.code) == (Outcome.ERROR, Code.INTERNAL)
    assert "clock" in back.detail


class Wall:
    """A machine's clocks: ``now`` is on the wall, ``lived`` runs on by itself."""

    def __init__(self, now):
        self.now, self.lived = now, 500.0

    def clock(self):
        return Clock(wall=lambda: self.now, mono=lambda: self.lived)

    def passes(self, seconds):
        self.now, self.lived = self.now + seconds, self.lived + seconds


NOON = 1_790_337_600.0  # 2026-09-25 12:00 UTC
HOUR, DAY = 3600.0, 86400.0


@pytest.fixture
def wall(db, tmp_path):
    """A clock at noon, and what a check finds that looks by it."""
    made = Wall(NOON)

    def watching(**options):
        check = plugins.check("heartbeat", {"job": "backup", **options}, "", keeps=True)
        check.settle_in(str(tmp_path), keeps=True, clock=made.clock())
        return lambda: ask(check, 60.0)

    made.watching = watching
    return made


def test_a_clock_that_is_set_forward_makes_no_job_late(wall, db):
    say(db, "ok", NOON - 20 * HOUR)
    say(db, "start", NOON - HOUR)
    look = wall.watching(every=24 * HOUR, grace=HOUR, runtime=3 * HOUR)
    assert look().code is Code.OK

    wall.now += 3 * DAY
    assert "runs for 1 h" in look().detail
    wall.now += 300 * DAY  # and once more
    wall.passes(HOUR)
    assert "runs for 2 h" in look().detail

    wall.passes(1.5 * HOUR)  # what is late in time that was lived is late
    assert look().code is Code.STALE_HEARTBEAT
    say(db, "ok", wall.now)
    assert look().code is Code.OK
    wall.passes(24 * HOUR)
    assert look().code is Code.OK
    wall.passes(HOUR + 1)
    assert look().code is Code.STALE_HEARTBEAT


def test_a_run_that_a_clock_set_forward_left_out_is_not_owed_and_the_next_one_is(
    wall, db
):
    say(db, "ok", NOON - 9.9 * HOUR)
    look = wall.watching(schedule="0 2 * * *", timezone="UTC", grace=HOUR)
    assert look().code is Code.OK

    wall.now += 18 * HOUR  # 06:00: two o'clock was never
    assert look().code is Code.OK
    wall.passes(20.9 * HOUR)
    assert look().code is Code.OK
    wall.passes(0.2 * HOUR)  # 03:06
    assert "late by 1 h" in look().detail


def test_a_job_that_was_late_before_the_clock_was_set_stays_so(wall, db):
    say(db, "ok", NOON - 2 * DAY)
    look = wall.watching(schedule="0 2 * * *", timezone="UTC", grace=HOUR)
    late = look()
    assert late.code is Code.STALE_HEARTBEAT

    wall.now += 5 * DAY
    assert look().detail == late.detail
    wall.now -= 5 * DAY  # and back
    assert look().detail == late.detail


def test_a_report_is_remembered_with_its_event_or_not_at_all(db):
    say(db, "start", 1000.0)
    say(db, "ok", 1060.0, "fine")

    kept = Beat(since=1000.0, ok=1060.0, took=60.0, message="fine")
    assert heartbeats.of(db, "backup") == kept
    states = [
        row.event.payload["state"] for row in inbox.listing(db, None, "backup", 9)
    ]
    assert states == ["ok", "start"]

    with db.transaction() as tx:
        tx.execute(
            "CREATE TRIGGER no BEFORE INSERT ON supervisor_inbox"
            " BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
    with pytest.raises(StoreError):
        say(db, "fail", 2000.0)
    assert heartbeats.of(db, "backup") == kept


def test_what_was_acknowledged_is_there_after_a_kill(tmp_path):
    path = str(tmp_path / "agent2.db")
    Database.open(path).close()
    inlet, outlet = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            db = Database.open(path)
            for number in range(1, 100_000):
                say(db, "ok", float(number))
                os.write(outlet, b"%d\n" % number)
        finally:
            os._exit(1)
    os.close(outlet)
    with os.fdopen(inlet, "rb") as told:
        for _ in range(20):
            last = told.readline()
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        last = (told.read().splitlines() or [last])[-1]

    db = Database.open(path)
    beat = heartbeats.of(db, "backup")
    count = len(inbox.listing(db, None, "backup", 100_000))
    db.close()
    assert beat is not None
    assert beat.ok is not None
    assert beat.ok >= int(last)
    assert count == beat.ok


WRONG = [
    ({"job": "a/b", "every": 60.0}, "job"),
    ({"job": "a"}, "schedule"),
    ({"job": "a", "every": 60.0, "schedule": "@daily"}, "schedule"),
    ({"job": "a", "schedule": "61 * * * *"}, "schedule"),
    ({"job": "a", "every": 60.0, "timezone": "Mars/Olympus"}, "timezone"),
    ({"job": "a", "every": 60.0, "timezone": "../../etc/passwd"}, "timezone"),
]


@pytest.mark.parametrize(("options", "field"), WRONG)
def test_what_cannot_be_kept_is_refused_before_it_runs(options, field):
    assert [name for name, _, _ in HeartbeatCheck(**options).problems()] == [field]
    assert not list(HeartbeatCheck(job="a", schedule="0 2 * * *").problems())
