"""The supervisor as a program: woken, polled, asked to stop, killed."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import agent2
from agent2.core.events import Event
from agent2.plan.events import PollPlan
from agent2.store import audits, inbox
from agent2.store.database import Database
from agent2.store.inbox import Backlog
from agent2.supervisor.bus import EventBus
from agent2.supervisor.documents.inbox import Inlet
from agent2.supervisor.metrics import Watch, get_backlog_metrics
from agent2.supervisor.polling import Poller
from agent2.supervisor.telling import Telling
from tests.live.rig import compiled, wait_for

PACKAGE = os.path.dirname(agent2.__file__)
PROGRAM = os.path.join(PACKAGE, "supervisor", "__main__.py")
MONITOR = os.path.join(os.path.dirname(PACKAGE), "scripts", "monitor_supervisor.py")
TARGET = "targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n"


def until(look, within=60.0):
    return wait_for(look, within, lambda: "what was waited for")


class House:
    """A state folder, its store, and the supervisors that a test starts in it."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.db = Database.open(os.path.join(self.folder, "agent2.db"))
        self.lines = []
        self.inlet = Inlet(self.db, self.folder, self.log)
        self._children = []

    def log(self, level, text):
        self.lines.append(f"{level} {text}")

    def configure(self, events=""):
        config = Path(self.folder, "agent2.yaml")
        config.write_text(TARGET + events, encoding="utf-8")
        assert compiled(config, Path(self.folder), dict(os.environ)).tree is not None

    def start(self, *more):
        argv = [sys.executable, "-I", "-S", PROGRAM, "--state-dir", self.folder, *more]
        child = subprocess.Popen(argv, stderr=subprocess.PIPE, text=True)
        self._children.append(child)
        return child

    def started(self, *more):
        child = self.start(*more)
        socket = os.path.join(self.folder, "supervisor.sock")
        until(lambda: os.path.exists(socket))
        return child

    def push(self, *ids, kind="TASK_CREATED", payload=None):
        found = self.inlet.push(
            Event(i, "eventbus", f"task-{i}", kind, 1.7e9, payload or {}) for i in ids
        )
        return [each.id for each in found.new]

    def status(self, event_id):
        row = inbox.get(self.db, event_id)
        return row and row.status

    def counts(self):
        return inbox.counts(self.db, time.time())

    def text(self):
        with open(os.path.join(self.folder, "supervisor.log"), encoding="utf-8") as log:
            return log.read()

    def close(self):
        for child in self._children:
            child.kill()
            child.wait()
            child.stderr.close()
        self.db.close()


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    made.configure()
    yield made
    made.close()


def test_a_pushed_event_wakes_it_and_is_decided(house):
    house.started()

    assert house.push("a") == ["a"]

    until(lambda: house.status("a") == "completed")
    (line,) = audits.of_event(house.db, "a")
    assert line.payload["decision_type"] == "allow"
    text = house.text()
    for phrase in (
        "✅ SupervisorService started",
        "✅ Subscribed to EventBus",
        "✅ Supervisor subscription setup complete",
        "Processing event: TASK_CREATED for task task-a",
        "✅ Processed 1/1 events",
    ):
        assert phrase in text
    assert all(line.count(" - ") >= 3 for line in text.splitlines())


def test_asked_to_stop_it_ends_well_and_leaves_nothing_claimed(house):
    child = house.started()
    house.push(*(f"e{n}" for n in range(500)))
    until(lambda: house.counts().completed > 0)

    child.send_signal(signal.SIGTERM)

    assert child.wait(30) == 0
    found = house.counts()
    assert found.processing == 0
    assert found.pending + found.completed == 500
    assert "Stopping Supervisor..." in house.text()
    assert not os.path.exists(os.path.join(house.folder, "supervisor.pid"))


def test_what_a_killed_one_held_is_taken_up_by_the_next_at_once(house):
    with house.db.transaction() as tx:
        inbox.add(tx, [Event("a", "eventbus", "t", "TASK_CREATED", 1.7e9, {})], 1.7e9)
    held = inbox.claim(house.db, "supervisor 1", time.time(), 50, 3600.0)
    assert len(held) == 1

    house.started()

    until(lambda: house.status("a") == "completed")


def test_a_second_one_says_who_runs(house):
    first = house.started()

    second = house.start()

    assert second.wait(30) == 75
    assert f"already running (PID {first.pid})" in second.stderr.read()


def test_one_that_a_watcher_started_leaves_when_nothing_is_to_be_judged(house):
    house.push("a")

    child = house.start(
        "--clock", repr(time.time() - time.monotonic()), "--idle", "0.1"
    )

    assert child.wait(60) == 0
    assert house.status("a") == "completed"


def test_one_that_a_person_started_or_that_polls_stays(house):
    house.configure("events: {resident: true, poll_interval: 100ms}\n")
    clock = ["--clock", repr(time.time() - time.monotonic()), "--idle", "0"]
    child = house.started(*clock)
    # Straight into the table, as other programs do: nobody wakes anybody.
    with house.db.transaction() as tx:
        inbox.add(tx, [Event("a", "x", "t", "TASK_CREATED", 1.7e9, {})], time.time())

    until(lambda: house.status("a") == "completed")
    assert child.poll() is None


def test_the_documents_update_lets_a_stuck_event_be_decided(house):
    """The runbook's UPDATE: events that a dead program left."""
    house.configure("events: {resident: true, poll_interval: 100ms}\n")
    with house.db.transaction() as tx:
        tx.execute(
            "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source,"
            " status, received_at) VALUES ('a', 't', 'TASK_CREATED', 'polling',"
            " 'processing', datetime('now', '-6 minutes'))"
        )
        tx.execute(
            "UPDATE supervisor_inbox SET status='pending' WHERE status='processing'"
            " AND received_at < datetime('now','-5 minutes')"
        )
    house.started()

    until(lambda: house.status("a") == "completed")


def test_a_folder_and_a_table_are_polled_and_no_event_is_taken_twice(house, tmp_path):
    drop, table = tmp_path / "drop", tmp_path / "old.db"
    drop.mkdir()
    with closing(sqlite3.connect(table)) as old:
        old.execute(
            "CREATE TABLE task_audits (audit_id INTEGER PRIMARY KEY, task_id TEXT,"
            " event_type TEXT, payload TEXT, created_at TEXT)"
        )
        row = (
            "INSERT INTO task_audits (task_id, event_type, payload, created_at) VALUES"
        )
        old.execute(f"{row} ('t1', 'TASK_CREATED', '{{}}', '2026-01-01 10:00:00')")
        old.execute(
            f"{row} ('t1', 'SUPERVISOR_ALLOWED', '{{}}', '2026-01-01 10:00:01')"
        )
        old.commit()
    house.configure(
        "events:\n  poll_interval: 100ms\n  polling:\n"
        f"    - {{name: drop, kind: folder, path: {drop}}}\n"
        f"    - {{name: old, kind: table, path: {table}, columns: {{at: created_at}}}}\n"
    )
    one = {"event_type": "TASK_FAILED", "task_id": "t2", "ts": "2026-01-01T10:00:00Z"}
    (drop / "one.json").write_text(json.dumps(one))
    (drop / "bad.json").write_text("nonsense")
    os.utime(drop / "bad.json", (1e9, 1e9))

    house.started()

    until(lambda: house.counts().completed == 2)
    until(lambda: sorted(os.listdir(drop)) == ["bad.json.bad"])
    # The same facts, pushed: they are known already.
    again = [
        Event("", "eventbus", "t2", "TASK_FAILED", 1767261600.0, {}),
        Event("", "eventbus", "t1", "TASK_CREATED", 1767261600.0, {}),
    ]
    assert house.inlet.push(again).new == ()
    (drop / "two.json").write_text(json.dumps([one | {"task_id": "t3"}, one]))
    until(lambda: house.counts().completed == 3)
    assert "bad.json: no JSON" in house.text()


def test_a_long_table_is_read_to_its_end_and_from_there_on(house, tmp_path):
    table, said = tmp_path / "old.db", []
    with closing(sqlite3.connect(table)) as old:
        old.execute("CREATE TABLE facts (kind TEXT, who TEXT)")
        old.executemany(
            "INSERT INTO facts VALUES ('X', ?)", [(f"t{n}",) for n in range(1100)]
        )
        old.commit()
        columns = {"type": "kind", "subject": "who", "id": "", "at": "", "payload": ""}
        place = PollPlan("old", "table", str(table), "facts", columns)
        gone = PollPlan("gone", "table", str(tmp_path / "no.db"), "facts", columns)
        look = Poller(
            house.db, (gone, place), lambda: 1.7e9, lambda *a: said.append(a)
        ).look

        assert [look(), look()] == [1100, 0]
        old.execute("INSERT INTO facts VALUES ('X', 'new')")
        old.commit()
        assert [look(), look()] == [1, 0]
    assert len(said) == 1, "a place that cannot be read is said once"
    assert "Failed to poll gone: " in said[0][1]


def test_a_bus_brings_events_in_and_doubles_are_said(house):
    bus = EventBus(house.log)
    made = Event("evt_123", "eventbus", "task_123", "TASK_CREATED", 1.7e9, {})

    def take(event):
        house.inlet.push((event,))

    bus.subscribe(take)
    bus.subscribe(take)

    bus.publish(made)
    bus.publish(made)

    assert inbox.get(house.db, "evt_123").event.source == "eventbus"
    said = "\n".join(house.lines)
    assert said.count("evt_123") == 1
    assert "WARNING Duplicate event from EventBus (deduped): evt_123" in said
    assert "ERROR" not in said
    bus.unsubscribe(take)
    assert bus.publish(made) == 0


def test_a_subscriber_that_raises_is_said_and_stops_nobody(house):
    bus, heard = EventBus(house.log), []
    bus.subscribe(lambda _event: 1 / 0)
    bus.subscribe(heard.append)
    made = Event("a", "", "t", "X", 1.7e9, {})

    assert [bus.publish(made), bus.publish(made)] == [1, 1]
    assert heard == [made, made]
    assert sum("ZeroDivisionError" in line for line in house.lines) == 2


def test_an_event_that_cannot_be_written_is_said(house):
    house.db.close()

    with pytest.raises(Exception, match="closed"):
        house.push("a")

    assert house.lines[0].startswith("ERROR Failed to insert event: ")


@pytest.mark.slow
def test_ten_programs_that_push_the_same_thousand_ids_make_a_thousand_decisions(house):
    house.started()
    children = []
    for number in range(10):
        pid = os.fork()
        if pid == 0:
            try:
                signal.alarm(60)
                db = Database.open(house.db.path, create=False)
                inlet = Inlet(db, house.folder, lambda *_: None)
                ids = [f"id-{(n * 7 + number * 100) % 1000}" for n in range(1000)]
                for n in range(0, 1000, 20):
                    inlet.push(
                        Event(i, "eventbus", i, "TASK_CREATED", 1.7e9, {})
                        for i in ids[n : n + 20]
                    )
                os._exit(0)
            finally:
                os._exit(1)
        children.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 10

    until(lambda: house.counts().completed == 1000, within=60.0)
    sql = "SELECT count(*), count(DISTINCT event_id) FROM task_audits"
    assert house.db.rows(sql) == [(1000, 1000)]
    twice = (
        "SELECT event_id FROM supervisor_inbox GROUP BY event_id HAVING COUNT(*) > 1"
    )
    assert house.db.rows(twice) == []


# -- numbers


def fill(house, **states):
    with house.db.transaction() as tx:
        for status, count in states.items():
            for n in range(count):
                tx.execute(
                    "INSERT INTO supervisor_inbox (event_id, task_id, event_type,"
                    " source, status) VALUES (?, 't', 'X', 'y', ?)",
                    (f"{status}-{n}", status),
                )


def test_the_numbers_have_the_documents_names(house):
    assert get_backlog_metrics(house.db, time.time()) == {
        "pending_count": 0, "processing_count": 0, "failed_count": 0,
        "completed_count": 0, "oldest_pending_age_seconds": None,
    }  # fmt: skip
    fill(house, pending=3, failed=1, completed=2)

    found = get_backlog_metrics(house.db, time.time())

    assert found["oldest_pending_age_seconds"] < 60.0
    assert list(found.values())[:4] == [3, 0, 1, 2]


def test_a_level_is_told_when_two_looks_have_seen_it_and_only_once():
    watch = Watch(Telling.nothing)
    calm, busy = Backlog(9, 0, 0, 990), Backlog(10, 0, 0, 990)

    def look(found):
        lines = [each.line for each in watch.changes(found)]
        if lines:
            assert [each.line for each in watch.changes(found)] == lines
            watch.accept()
        return lines

    assert look(calm) == []
    assert look(busy) == []
    assert look(calm) == []  # it was a moment
    assert [look(busy), look(busy), look(busy)] == [
        [], [("WARNING", "WARNING: Inbox backlog > 10")], [],
    ]  # fmt: skip
    worse = Backlog(51, 0, 0, 949, 31.0)
    assert [look(worse), look(worse)] == [
        [], [("ERROR", "CRITICAL: Inbox backlog > 50"),
             ("ERROR", "CRITICAL: Processing lag > 30s")],
    ]  # fmt: skip
    assert [look(calm), look(calm)] == [
        [], [("INFO", "RESOLVED: Inbox backlog > 50"),
             ("INFO", "RESOLVED: Processing lag > 30s")],
    ]  # fmt: skip


def test_people_are_told_of_a_bad_level_and_of_its_end_across_supervisors(house):
    house.configure(
        "notifiers: [{name: ops, kind: webhook, url: 'http://127.0.0.1:9/'}]\n"
        "events: {resident: true}\n"
    )
    fill(house, failed=6, completed=94)
    sql = "SELECT alert FROM deliveries ORDER BY seq"

    def told():
        return [json.loads(row[0]) for row in house.db.rows(sql)]

    first = house.started()
    until(lambda: len(told()) == 1)
    first.send_signal(signal.SIGTERM)
    first.wait(30)
    with house.db.transaction() as tx:
        tx.execute("UPDATE supervisor_inbox SET status = 'completed'")
    house.started()
    until(lambda: len(told()) == 2)

    bad, good = told()
    assert bad["subject"] == "[Agent2 Alert] Failed events > 5%"
    assert (bad["kind"], bad["severity"], bad["target"]) == (
        "firing",
        "critical",
        "agent2",
    )
    assert good["subject"] == "[Agent2 Resolved] recovered: Failed events > 5%"
    assert (good["kind"], good["incident"]) == ("resolved", bad["incident"])
    assert good["dedup_key"] == bad["dedup_key"]


def test_the_monitor_script_prints_the_documents_lines(house):
    def monitor(*arguments):
        argv = [sys.executable, MONITOR, *arguments]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    fill(house, pending=51, failed=2, completed=3)
    with house.db.transaction() as tx:
        tx.execute(
            "UPDATE supervisor_inbox SET received_at = datetime('now', '-60 seconds')"
        )

    told = monitor("--db", house.db.path, "--once").stdout.splitlines()

    assert told[0].startswith("=== Supervisor Metrics (20")
    assert told[0].endswith(") ===")
    assert told[1:5] == ["Pending: 51", "Processing: 0", "Failed: 2", "Completed: 3"]
    assert told[5].startswith("Lag: 6")
    assert [line.strip() for line in told[7:]] == [
        "⚠️  ALERTS:", "CRITICAL: Inbox backlog > 50", "CRITICAL: Processing lag > 30s",
    ]  # fmt: skip
    assert monitor().returncode == 2
    assert monitor("--db", "/nowhere/x.db", "--once").returncode == 1
