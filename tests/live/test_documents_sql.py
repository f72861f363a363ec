"""The SQL of the supervisor's runbook, word for word, on a store that is in use.

The statements are a contract (the rows of 000 marked W): a user's own
scripts run them with Python's ``sqlite3`` or with the ``sqlite3`` program. A statement
that is not marked W stands here only to show that ours is right where it is not.
"""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import time
from contextlib import closing

import pytest

from agent2.store.database import Database

STUCK = """
    SELECT COUNT(*), MIN(received_at)
    FROM supervisor_inbox
    WHERE status = 'processing'
"""
RESET = """
   UPDATE supervisor_inbox
   SET status = 'pending'
   WHERE status = 'processing'
     AND received_at < datetime('now', '-5 minutes');
"""
TWICE = """
    SELECT event_id, COUNT(*)
    FROM supervisor_inbox
    GROUP BY event_id
    HAVING COUNT(*) > 1
"""
TASK = """
    SELECT task_id, status, metadata
    FROM tasks
    WHERE task_id = ?
"""
GATES = """
    SELECT gate_name, state, reason
    FROM task_gates
    WHERE task_id = ?
"""
BY_PUSH = """
    SELECT * FROM supervisor_inbox
    WHERE task_id = 'test_task' AND source = 'eventbus'
"""
ARCHIVE = """
    INSERT INTO supervisor_metrics_archive (
        timestamp, pending_count, failed_count, lag_seconds
    )
    SELECT
        datetime('now'),
        SUM(CASE WHEN status = 'pending' THEN 1 ELSE 0 END),
        SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END),
        julianday('now') - julianday(MIN(CASE WHEN status = 'pending' THEN received_at END))
    FROM supervisor_inbox
"""
FAILED = """
   SELECT event_id, task_id, event_type, error_message, received_at
   FROM supervisor_inbox
   WHERE status = 'failed'
   ORDER BY received_at DESC
   LIMIT 50;
"""
TREND = """
   SELECT DATE(timestamp) as date,
          AVG(lag_seconds) as avg_lag,
          MAX(lag_seconds) as max_lag
   FROM supervisor_metrics_archive
   WHERE timestamp > datetime('now', '-7 days')
   GROUP BY DATE(timestamp)
   ORDER BY date;
"""
DECISIONS = """
   SELECT event_type,
          json_extract(payload, '$.decision_type') as decision,
          COUNT(*) as count
   FROM task_audits
   WHERE event_type LIKE 'SUPERVISOR_%'
     AND created_at > datetime('now', '-7 days')
   GROUP BY event_type, decision
   ORDER BY count DESC;
"""
AUDITS = """
   SELECT COUNT(*) as total_audits,
          COUNT(DISTINCT task_id) as unique_tasks
   FROM task_audits
   WHERE created_at > datetime('now', '-30 days');
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS idx_supervisor_inbox_status
    ON supervisor_inbox(status);

CREATE INDEX IF NOT EXISTS idx_supervisor_inbox_received_at
    ON supervisor_inbox(received_at);

CREATE INDEX IF NOT EXISTS idx_task_audits_task_id
    ON task_audits(task_id);

CREATE INDEX IF NOT EXISTS idx_task_audits_event_type
    ON task_audits(event_type);

ANALYZE;

VACUUM;
"""
# What the runbook has for a wrong table: the order and the words of these six.
AUDIT_COLUMNS = [
    ("audit_id", "INTEGER", 0, 1),
    ("task_id", "TEXT", 1, 0),
    ("level", "TEXT", 1, 0),
    ("event_type", "TEXT", 1, 0),
    ("payload", "TEXT", 0, 0),
    ("created_at", "TEXT", 1, 0),
]


def utc(ago: float = 0.0) -> str:
    """Return the time *ago* seconds before now as the store keeps it."""
    at = time.time() - ago
    return (
        time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at))
        + f".{int(at * 1e3) % 1000:03d}"
    )


@pytest.fixture
def live(tmp_path):
    """A store that a program of ours has open."""
    with closing(Database.open(str(tmp_path / "agent2.db"))) as db:
        yield db


@pytest.fixture
def user(live):
    """The connection of somebody's own script."""
    with closing(sqlite3.connect(live.path, isolation_level=None)) as connection:
        yield connection


def event(db, name, status="pending", ago=0.0, **more):
    """Put one event of *status* in, received *ago* seconds before now."""
    row = {
        "event_id": name,
        "task_id": "task_abc",
        "event_type": "TASK_CREATED",
        "source": "eventbus",
        "payload": "{}",
        "ts": utc(ago),
        "received_at": utc(ago),
        "status": status,
    } | more
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    with db.transaction() as tx:
        tx.execute(
            f"INSERT INTO supervisor_inbox ({names}) VALUES ({marks})",
            tuple(row.values()),
        )


def audit(db, kind, payload, ago=0.0, task="task_abc"):
    with db.transaction() as tx:
        tx.execute(
            "INSERT INTO task_audits (task_id, level, event_type, payload, created_at)"
            " VALUES (?, 'info', ?, ?, ?)",
            (task, kind, payload, utc(ago)),
        )


def test_stuck_events_are_counted_with_the_oldest(live, user):
    event(live, "a", "processing", 600)
    event(live, "b", "processing", 60)
    event(live, "c")

    count, oldest = user.execute(STUCK).fetchone()

    assert count == 2
    assert oldest[:16] == utc(600)[:16]


def test_events_stuck_for_five_minutes_are_reset_and_younger_ones_are_not(live, user):
    event(live, "a", "processing", 301)
    event(live, "b", "processing", 290)

    user.execute(RESET)

    left = dict(user.execute("SELECT event_id, status FROM supervisor_inbox"))
    assert left == {"a": "pending", "b": "processing"}


def test_a_time_with_a_t_would_not_be_reset_on_the_same_day(live, user):
    event(live, "a", "processing", received_at=utc(3600).replace(" ", "T"))

    reset = user.execute(RESET).rowcount

    same_day = utc(3600)[:10] == utc(300)[:10]
    assert reset == (0 if same_day else 1)


def test_no_event_is_there_twice_and_the_index_forbids_it(live, user):
    event(live, "a")

    with pytest.raises(sqlite3.IntegrityError, match=r"supervisor_inbox\.event_id"):
        user.execute(
            "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source)"
            " SELECT event_id, task_id, event_type, source FROM supervisor_inbox"
        )

    assert user.execute(TWICE).fetchall() == []
    unique = [
        row for row in user.execute("PRAGMA index_list(supervisor_inbox);") if row[2]
    ]
    columns = [
        user.execute(f"PRAGMA index_info({row[1]})").fetchall() for row in unique
    ]
    assert [[name for *_, name in one] for one in columns] == [["event_id"]]


def test_state_and_gates_of_a_subject_are_there_by_the_runbooks_names(live, user):
    user.execute("INSERT INTO tasks VALUES ('t', 'healthy', '{\"a\": 1}', ?)", (utc(),))
    user.execute(
        "INSERT INTO task_gates VALUES ('t', 'open_plan', 'AWAITING_APPROVAL',"
        " 'Manual test', 'me', ?)",
        (utc(),),
    )

    assert user.execute(TASK, ("t",)).fetchone() == ("t", "healthy", '{"a": 1}')
    gates = user.execute(GATES, ("t",)).fetchall()
    assert gates == [("open_plan", "AWAITING_APPROVAL", "Manual test")]


def test_a_pushed_event_is_found_by_its_source(live, user):
    event(live, "a", task_id="test_task")
    event(live, "b", task_id="test_task", source="polling")

    assert [row[0] for row in user.execute(BY_PUSH)] == ["a"]


def test_failed_events_newest_first_and_at_most_fifty(live, user):
    for number in range(52):
        event(live, f"e{number}", "failed", 100 - number, error_message=f"why {number}")

    rows = user.execute(FAILED).fetchall()

    assert len(rows) == 50
    assert rows[0][:4] == ("e51", "task_abc", "TASK_CREATED", "why 51")


def test_the_trend_of_the_lag_is_per_day_over_a_week(live, user):
    for days, lag in ((8, 99.0), (1, 2.0), (1.01, 4.0), (0, 6.0)):
        user.execute(
            "INSERT INTO supervisor_metrics_archive VALUES (?, 0, 0, ?)",
            (utc(days * 86400), lag),
        )

    rows = user.execute(TREND).fetchall()

    assert all(worst <= 6.0 for *_, worst in rows)
    assert rows[-1] == (utc()[:10], 6.0, 6.0)


def test_the_runbooks_archive_fills_the_table_though_in_days(live, user):
    event(live, "a", ago=360)
    event(live, "b", "failed")

    user.execute(ARCHIVE)

    row = user.execute("SELECT * FROM supervisor_metrics_archive").fetchone()
    assert row[1:3] == (1, 1)
    assert row[3] == pytest.approx(360 / 86400, rel=0.1)


def test_decisions_are_grouped_by_kind_over_a_week(live, user):
    for _ in range(2):
        audit(live, "SUPERVISOR_ALLOWED", '{"decision_type": "allow"}')
    audit(live, "SUPERVISOR_BLOCKED", '{"decision_type": "block"}')
    audit(live, "SUPERVISOR_BLOCKED", '{"decision_type": "block"}', 8 * 86400)
    audit(live, "TEST_EVENT", "{}")

    assert user.execute(DECISIONS).fetchall() == [
        ("SUPERVISOR_ALLOWED", "allow", 2),
        ("SUPERVISOR_BLOCKED", "block", 1),
    ]


def test_audits_and_their_subjects_are_counted_over_a_month(live, user):
    audit(live, "A", "{}")
    audit(live, "B", "{}", 29 * 86400)
    audit(live, "B", "{}", task="other")
    audit(live, "B", "{}", 31 * 86400, task="old")

    assert user.execute(AUDITS).fetchone() == (3, 2)


def test_the_table_of_audits_begins_with_the_runbooks_columns(user):
    found = user.execute("PRAGMA table_info(task_audits)").fetchall()

    shown = [(name, kind, must, key) for _, name, kind, must, _, key in found]
    assert shown[:6] == AUDIT_COLUMNS
    assert not any(must for _, _, must, _ in shown[6:])  # its INSERT names six


def test_the_indexes_are_there_and_the_maintenance_runs_while_we_hold_it_open(
    live, user
):
    before = user.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index'"
    ).fetchall()

    user.executescript(INDEXES)

    after = user.execute(
        "SELECT name FROM sqlite_master WHERE type = 'index'"
    ).fetchall()
    assert sorted(after) == sorted(before)
    assert user.execute("PRAGMA integrity_check;").fetchone() == ("ok",)
    event(live, "a")  # and we go on writing
    assert user.execute("SELECT count(*) FROM supervisor_inbox").fetchone() == (1,)


@pytest.mark.skipif(not shutil.which("sqlite3"), reason="no sqlite3 program here")
def test_the_sqlite3_program_runs_all_of_it_and_makes_a_backup(live, tmp_path):
    event(live, "a", "processing", 600)
    copy = tmp_path / "agentos_20260101_000000.db"
    script = "".join(
        text.strip().rstrip(";") + ";\n"
        for text in (STUCK, TWICE, FAILED, TREND, DECISIONS, AUDITS, RESET)
    )

    told = subprocess.run(
        ["sqlite3", live.path], input=script, capture_output=True, text=True
    )
    saved = subprocess.run(
        ["sqlite3", live.path, f".backup '{copy}'"], capture_output=True, text=True
    )

    assert (told.returncode, told.stderr) == (0, "")
    assert (saved.returncode, saved.stderr) == (0, "")
    with closing(sqlite3.connect(copy)) as backup:
        rows = backup.execute(
            "SELECT event_id, status FROM supervisor_inbox"
        ).fetchall()
    assert rows == [("a", "pending")]
