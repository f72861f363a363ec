"""Audit, gates, states, checkpoints and their times, in real SQLite."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_rows import NOW

from agent2.core.events import Gate
from agent2.store import audits, gates, polled, utc
from agent2.store.audits import Audit
from agent2.store.database import Database
from agent2.store.gates import Task

DAY = 86_400.0


@pytest.fixture
def db(tmp_path):
    store = Database.open(str(tmp_path / "agent2.db"))
    yield store
    store.close()


def write(db, subject="webui", at=NOW, kind="SUPERVISOR_ALLOWED", **more):
    fields = {"level": "info", "payload": {"decision_type": "allow"}} | more
    with db.transaction() as tx:
        return audits.append(tx, subject=subject, type=kind, at=at, **fields)


# --- times --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (0.0, "1970-01-01 00:00:00.000"),
        (-5.0, "1970-01-01 00:00:00.000"),
        (float("nan"), "1970-01-01 00:00:00.000"),
        (951_782_400.0, "2000-02-29 00:00:00.000"),
        (1_700_000_000.0004, "2023-11-14 22:13:20.000"),
        (1_700_000_000.9996, "2023-11-14 22:13:21.000"),
        (1e300, "9999-12-31 23:59:59.999"),
    ],
)
def test_a_time_is_written_in_utc_with_milliseconds(at, written):
    assert utc.text(at) == written


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("1970-01-01 00:00:00", 0.0),
        ("2023-11-14 22:13:20.5", 1_700_000_000.5),
        ("2023-11-14T22:13:20", 1_700_000_000.0),
        ("2023-11-14T22:13:20Z", 1_700_000_000.0),
        ("2023-11-14T22:13:20.250000Z", 1_700_000_000.25),
        ("2023-11-14T22:13:20+00:00", 1_700_000_000.0),
        ("2023-11-15 06:13:20.25+08:00", 1_700_000_000.25),
        ("2023-11-14T16:43:20-05:30", 1_700_000_000.0),
        ("9999-12-31 23:59:59.999", 253_402_300_799.999),
    ],
)
def test_a_time_is_read_as_other_programs_write_it(written, at):
    assert utc.seconds(written) == pytest.approx(at, abs=1e-4)


@pytest.mark.parametrize(
    "written",
    [
        None,
        5,
        b"2023-11-14 22:13:20",
        "",
        "now",
        "2023-11-14",
        "2023-11-14 22:13",
        "2023-02-29 00:00:00",
        "2023-13-01 00:00:00",
        "2023-00-10 00:00:00",
        "2023-01-00 00:00:00",
        "2023-01-01 24:00:00",
        "2023-01-01 00:60:00",
        "2023-01-01 00:00:60",
        "2023/11/14 22:13:20",
        "2023-11-14_22:13:20",
        "2023-11-14 22:13:20.",
        "2023-11-14 22:13:20,5",
        "2023-11-14 22:13:20.5.5",
        "2023-11-14 22:13:20 5",
        "2023-11-14 22:13:20.5x",
        "2023-11-14 22:13:20+8:00",
        "2023-11-14 22:13:20+08-00",
        "2023-11-14 22:13:20+0a:00",
        "2023-11-14 22:13:20+08:000",
        "2023-11-14 22:13:20Z.5",
        "1969-12-31 23:59:59",
        "-023-11-14 22:13:20",
        "２０２３-11-14 22:13:20",
    ],
    ids=str,
)
def test_what_is_no_time_is_none(written):
    assert utc.seconds(written) is None


@settings(max_examples=200, deadline=None)
@given(st.floats(0, 253_402_300_799), st.floats(0, 253_402_300_799))
def test_texts_of_times_come_back_and_sort_as_the_times_do(one, other):
    assert utc.seconds(utc.text(one)) == pytest.approx(one, abs=0.0006)
    if one - other > 0.002:
        assert utc.text(one) > utc.text(other)


@settings(max_examples=200, deadline=None)
@given(st.datetimes(dt.datetime(1970, 1, 1)))
def test_the_calendar_is_the_one_of_python(day):
    stamp = day.replace(tzinfo=dt.UTC)
    whole = stamp.replace(microsecond=0)
    assert utc.seconds(str(day)[:19]) == whole.timestamp()
    assert utc.text(whole.timestamp()) == f"{str(day)[:19]}.000"


def test_sqlite_reads_our_times_as_the_times_that_they_are(db):
    query = "SELECT unixepoch(?), strftime('%Y-%m-%d %H:%M:%f', ?)"
    written = utc.text(NOW + 0.25)
    assert db.rows(query, (written, written)) == [(int(NOW), written)]


# --- audit --------------------------------------------------------------------


def test_a_line_of_the_audit_comes_out_as_it_went_in(db):
    number = write(
        db, "端口", NOW + 0.25, "SUPERVISOR_BLOCKED", level="warn",
        payload={"decision_type": "block", "findings": [{"a": None}]},
        event_id="e1", decision_id="d1",
    )  # fmt: skip
    (found,) = audits.trail(db, "端口")
    assert found == Audit(
        number, "端口", "warn", "SUPERVISOR_BLOCKED",
        {"decision_type": "block", "findings": [{"a": None}]}, NOW + 0.25, "e1", "d1",
    )  # fmt: skip


def test_the_trail_of_a_subject_is_newest_first(db):
    for n in range(5):
        write(db, f"t{n % 2}", NOW + n, payload={"n": n})

    def told(*where, **how):
        return [one.payload["n"] for one in audits.trail(db, *where, **how)]

    assert told("t0") == [4, 2, 0]
    assert told("t0", limit=2) == [4, 2]
    assert told() == [4, 3, 2, 1, 0]
    assert told("nobody") == []


def test_all_lines_of_an_event_are_found_in_their_order(db):
    write(db, payload={"n": 1}, event_id="e1")
    write(db, payload={"n": 2}, event_id="e2")
    write(db, payload={"n": 3}, event_id="e1")
    assert [one.payload["n"] for one in audits.of_event(db, "e1")] == [1, 3]


def test_a_decision_is_written_down_once(db):
    assert write(db, decision_id="d1") is not None
    assert write(db, decision_id="d1") is None
    assert write(db, decision_id="d2") is not None
    assert write(db) is not None
    assert write(db) is not None
    assert len(audits.trail(db)) == 4


def test_no_audit_is_put_away_before_thirty_days(db):
    for days in (31, 29, 0):
        write(db, at=NOW - days * DAY, payload={"days": days})
    with db.transaction() as tx:
        assert audits.prune(tx, NOW, NOW) == 1
        assert audits.prune(tx, NOW, NOW) == 0
    assert [one.payload["days"] for one in audits.trail(db)] == [0, 29]


def test_audits_are_put_away_in_steps_and_no_earlier_than_asked(db):
    for _ in range(5):
        write(db, at=NOW - 50 * DAY)
    write(db, at=NOW - 40 * DAY)
    with db.transaction() as tx:
        gone = [audits.prune(tx, NOW - 45 * DAY, NOW, limit=2) for _ in range(4)]
    assert gone == [2, 2, 1, 0]
    assert len(audits.trail(db)) == 1


def test_an_audit_with_an_infinite_number_does_not_break_the_documents_query(db):
    write(db, payload={"decision_type": "allow", "score": float("inf")})
    query = "SELECT json_extract(payload, '$.decision_type') FROM task_audits"
    assert db.rows(query) == [("allow",)]


def test_an_audit_that_somebody_bent_is_still_shown(db):
    write(db)
    with db.transaction() as tx:
        tx.execute("UPDATE task_audits SET payload = NULL, created_at = 'x'")
    (found,) = audits.trail(db)
    assert (found.payload, found.at) == ({}, 0.0)


def test_the_audit_has_the_six_columns_of_the_documents_first(db):
    columns = db.rows("PRAGMA table_info(task_audits)")
    assert [column[1:4] for column in columns[:6]] == [
        ("audit_id", "INTEGER", 0),
        ("task_id", "TEXT", 1),
        ("level", "TEXT", 1),
        ("event_type", "TEXT", 1),
        ("payload", "TEXT", 0),
        ("created_at", "TEXT", 1),
    ]


# --- gates, states, checkpoints -----------------------------------------------


def gate(subject="webui", name="restart", state="AWAITING_APPROVAL", at=NOW):
    return Gate(subject, name, state, "Manual test", "ada", at)


def put(db, *some):
    with db.transaction() as tx:
        for one in some:
            gates.put(tx, one)


def test_a_subject_has_its_own_gates_and_those_of_all(db):
    mine, other, every = gate(), gate("db"), gate("*", "open_plan")
    put(db, mine, other, every)
    assert gates.of(db, "webui") == (every, mine)
    assert gates.of(db, "nobody") == (every,)
    assert gates.all_of(db) == (every, other, mine)


def test_a_gate_is_written_over_what_stood_there(db):
    put(db, gate(), gate(state="APPROVED", at=NOW + 0.5))
    assert gates.of(db, "webui") == (gate(state="APPROVED", at=NOW + 0.5),)
    with db.transaction() as tx:
        gates.spend(tx, "webui", "restart")
    assert gates.of(db, "webui") == ()


def test_the_documents_query_shows_a_pause(db):
    put(db, gate())
    query = "SELECT gate_name, state, reason FROM task_gates WHERE task_id = ?"
    assert db.rows(query, ("webui",)) == [
        ("restart", "AWAITING_APPROVAL", "Manual test")
    ]


def test_how_a_subject_stands_is_written_over_what_stood_there(db):
    with db.transaction() as tx:
        gates.put_task(tx, "webui", "healthy", {}, NOW)
        gates.put_task(tx, "webui", "blocked", {"why": float("nan")}, NOW + 1)
    assert gates.task(db, "webui") == Task("webui", "blocked", {"why": None}, NOW + 1)
    assert gates.task(db, "nobody") is None


def test_a_checkpoint_is_moved_with_what_was_read_or_not_at_all(db):
    assert polled.checkpoint(db, "polling/a") == ""
    with db.transaction() as tx:
        polled.set_checkpoint(tx, "polling/a", "7", NOW)
    with pytest.raises(KeyError), db.transaction() as tx:
        polled.set_checkpoint(tx, "polling/a", "8", NOW)
        raise KeyError
    assert polled.checkpoint(db, "polling/a") == "7"
