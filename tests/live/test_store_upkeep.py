"""Cleanup, hourly archive, soundness: the store of the inbox in the long run."""

from __future__ import annotations

import threading
import time

import pytest

from agent2.core.effects import OpenIncident
from agent2.core.model import Code, Facet, Severity
from agent2.store import archive, cleanup, copies, figures, incidents, meta, upkeep
from agent2.store.database import Database, StoreError

NOW = 1_790_000_000.0
DAY = 86400.0


def text(at):
    return (
        time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(at)) + f".{at % 1 * 1000:03.0f}"
    )


def event(db, name, status, age, done=None):
    with db.transaction() as tx:
        tx.execute(
            "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source,"
            " payload, ts, received_at, status, processed_at)"
            " VALUES (?, 't', 'TASK_CREATED', 'eventbus', '{}', ?, ?, ?, ?)",
            (name, text(NOW - age), text(NOW - age), status, done),
        )


def audit(
    db, name, age, kind="SUPERVISOR_ALLOWED", payload='{"decision_type":"allow"}'
):
    with db.transaction() as tx:
        tx.execute(
            "INSERT INTO task_audits (task_id, level, event_type, payload, created_at)"
            " VALUES (?, 'info', ?, ?, ?)",
            (name, kind, payload, text(NOW - age)),
        )


def ids(db):
    rows = db.rows("SELECT event_id FROM supervisor_inbox ORDER BY event_id")
    return [row[0] for row in rows]


def test_only_completed_events_older_than_seven_days_go(db):
    for status in ("pending", "processing", "failed", "completed"):
        event(db, f"old-{status}", status, 8 * DAY)
        event(db, f"young-{status}", status, 6 * DAY)
    # It waited for long and was dealt with yesterday: people may still ask for it.
    event(db, "late", "completed", 20 * DAY, text(NOW - DAY))

    assert cleanup.clean(db, NOW).events == 1
    assert len(ids(db)) == 8
    assert "old-completed" not in ids(db)
    assert cleanup.clean(db, NOW).events == 0


def test_the_border_of_seven_days_is_exact_to_the_millisecond(db):
    event(db, "just", "completed", 7 * DAY - 0.001)
    event(db, "over", "completed", 7 * DAY + 0.001)

    cleanup.clean(db, NOW)

    assert ids(db) == ["just"]


def test_audits_stay_thirty_days_whatever_is_asked(db):
    audit(db, "a", 29 * DAY)
    audit(db, "b", 31 * DAY)

    assert cleanup.clean(db, NOW, audit_days=1).audits == 1
    assert db.rows("SELECT task_id FROM task_audits") == [("a",)]


def test_incidents_are_kept_for_ever(db):
    with db.transaction() as tx:
        where = ("webui", Severity.CRITICAL, NOW - 4000 * DAY, Facet.PROCESS)
        incidents.open_incident(tx, OpenIncident("i", *where, Code.PID_DEAD, "gone"))

    cleanup.clean(db, NOW)

    assert len(incidents.latest(db)) == 1


def test_a_long_cleanup_lets_others_write_between(path, db):
    for number in range(60):
        event(db, f"e{number}", "completed", 9 * DAY)
    over, commits = [], []

    def write():
        other = Database.open(path)
        while not over:
            with other.transaction() as tx:
                meta.put(tx, "k", "v")
            commits.append(len(ids(other)))
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    gone = cleanup.clean(db, NOW, batch=1).events
    over.append(True)
    writer.join()

    assert (gone, ids(db)) == (60, [])
    # It had its turn after nearly each of the sixty deletions.
    assert len(set(commits)) > 40


def test_an_hour_of_an_empty_inbox_is_zeros(db):
    assert archive.add(db, NOW)
    assert db.rows("SELECT * FROM supervisor_metrics_archive") == [
        (text(NOW // 3600 * 3600), 0, 0, 0.0)
    ]


def test_lag_is_in_seconds_and_of_the_oldest_that_waits(db):
    event(db, "six_minutes", "pending", 360)
    event(db, "one_minute", "pending", 60)
    event(db, "done_long_ago", "completed", 9000)
    event(db, "failed", "failed", 9000)
    event(db, "clock_went_back", "failed", -50)

    archive.add(db, NOW)

    (hour,) = archive.latest(db)
    assert (hour.pending, hour.failed) == (2, 2)
    assert hour.lag_s == pytest.approx(360, abs=0.002)


def test_an_event_of_the_future_has_no_negative_lag(db):
    event(db, "ahead", "pending", -50)

    archive.add(db, NOW)

    assert archive.latest(db)[0].lag_s == 0.0


def test_there_is_one_row_an_hour(db):
    hour = NOW // 3600 * 3600
    told = [archive.add(db, hour + s) for s in (0, 1, 3599.9, 3600)]

    assert told == [True, False, False, True]


def test_what_was_done_is_due_again_after_its_time_and_a_clock_set_back_is_seen(db):
    assert upkeep.due(db, "cleanup", NOW, DAY)
    upkeep.done(db, "cleanup", NOW)

    told = [upkeep.due(db, "cleanup", NOW + s, DAY) for s in (0, DAY - 1, DAY, -1)]

    assert told == [False, False, True, True]
    assert upkeep.due(db, "check", NOW, DAY)


def test_old_events_are_found_by_an_index(db):
    told = db.rows(f"EXPLAIN QUERY PLAN {cleanup._EVENTS}", (NOW, 1))

    assert "idx_supervisor_inbox_status (status=? AND received_at<?)" in told[0][3]


def test_a_sound_store_is_analyzed(db):
    event(db, "e", "pending", 1)

    assert upkeep.check(db) == []
    assert db.rows("SELECT count(*) FROM sqlite_stat1")[0][0] > 0


def test_a_store_that_was_analyzed_opens_and_copies(path, db, tmp_path):
    event(db, "e", "pending", 1)
    upkeep.check(db)
    db.close()

    again, note = Database.open_or_replace(path, NOW)
    assert note is None
    again.close()
    assert copies.make(path, str(tmp_path / "c"), NOW).rows["supervisor_inbox"] == 1


def test_a_torn_page_is_found(path, db):
    for number in range(300):
        event(db, f"e{number:03}", "pending", number)
    db.checkpoint()
    db.close()
    with open(path, "r+b") as file:
        file.seek(-4096 * 3, 2)
        file.write(b"\xee" * 4096)
    db = Database.open(path)

    found = upkeep.check(db)
    db.close()

    assert found
    assert all("\n" not in line for line in found)


def test_empty_pages_go_back_to_the_disk_while_another_has_it_open(path, db):
    with db.transaction() as tx:
        for number in range(500):
            tx.execute("INSERT INTO meta VALUES (?, ?)", (str(number), "x" * 3000))
    with db.transaction() as tx:
        tx.execute("DELETE FROM meta")
    db.checkpoint()

    done = upkeep.squeeze(path)

    assert done.after < done.before / 5
    event(db, "after", "pending", 1)
    assert db.quick_check() is None


def test_a_large_store_is_squeezed_only_when_asked(path, db):
    with pytest.raises(StoreError, match="hold up all writers"):
        upkeep.squeeze(path, 4096)
    assert upkeep.squeeze(path).after > 0


def test_figures_count_what_is_there(path, db):
    event(db, "a", "pending", 3600)
    archive.add(db, NOW)
    audit(db, "t1", 5 * DAY)
    audit(db, "t1", 6 * DAY, "SUPERVISOR_BLOCKED", '{"decision_type":"block"}')
    audit(db, "t2", 8 * DAY)
    audit(db, "t3", 31 * DAY)
    audit(db, "t4", DAY, "OTHER", "no JSON")

    found = figures.measure(db, NOW)

    assert (found.audits, found.subjects) == (4, 3)
    assert found.decisions == {"allow": 1, "block": 1}
    assert [(d.lag_mean_s, d.lag_most_s, d.pending_most) for d in found.days] == [
        (3600.0, 3600.0, 1)
    ]
    assert found.rows["supervisor_inbox"] == 1
    assert found.size > 0
