"""What was counted stays counted, whatever happens to the rows that it was counted by."""

from __future__ import annotations

import contextlib

import pytest
from store_rows import NOW, delivery

from agent2.core.effects import OpenIncident
from agent2.core.events import Event
from agent2.core.message import Cause, DeliveryState, Receipt
from agent2.core.model import (
    ActionResult,
    Code,
    Facet,
    Finding,
    Health,
    Observation,
    Outcome,
    Severity,
)
from agent2.core.value import replace
from agent2.store import (
    actions,
    audits,
    claims,
    events,
    freed,
    incidents,
    outbox,
    totals,
)
from agent2.store.actions import ActionRow
from agent2.store.database import Database
from agent2.watcher.tally import Tally


@pytest.fixture
def db(tmp_path):
    with contextlib.closing(Database.open(str(tmp_path / "agent2.db"))) as opened:
        yield opened


def counted(db, name):
    return {
        tuple(word for word in row[:3] if word): row[3]
        for row in totals.read(db).get(name, ())
    }


def told_of(audit):
    """What the log says of it."""
    words = " ".join(f"{key}={word}" for key, word in audit.payload.items())
    return f"{audit.type}: {audit.subject} {words}"


def lease(db, now):
    found = outbox.lease(db, owner="me", now=now, lease_s=15.0, notifiers=("ops",))
    return found[0]


def test_a_delivery_is_counted_by_each_attempt_and_by_its_end(db):
    with db.transaction() as tx:
        outbox.add(tx, [delivery(notifier="ops")])
    first = lease(db, NOW)
    assert outbox.renew(db, first, NOW + 60)
    failed = replace(
        first, state=DeliveryState.PENDING, cause=Cause.TIMEOUT, detail="x", next_at=NOW
    )
    assert outbox.failed(db, failed, NOW + 1)
    second = lease(db, NOW + 2)
    outbox.release(db, second, NOW + 2)
    third = lease(db, NOW + 3)
    assert outbox.delivered(db, third, Receipt("202"), NOW + 4)
    assert counted(db, "attempt") == {("ops", "timeout"): 1.0}
    assert counted(db, "delivery") == {("ops", "firing", "delivered"): 1.0}
    assert counted(db, "claim") == {("delivery", "fresh"): 3.0}
    assert counted(db, "again") == {("delivery",): 2.0}
    assert counted(db, "timeout") == {("delivery", "retry"): 1.0}
    assert counted(db, "heartbeat") == {("delivery", "success"): 1.0}
    assert counted(db, "claimed_update") == {
        ("delivery", "released"): 1.0,
        ("delivery", "success"): 2.0,
    }
    with db.transaction() as tx:
        assert outbox.prune(tx, NOW + 100) == 1
    assert counted(db, "delivery") == {("ops", "firing", "delivered"): 1.0}


def test_what_could_not_be_written_is_counted_with_the_next_claim(db):
    totals.unwritten(db, "heartbeat", "delivery")
    totals.unwritten(db, "heartbeat", "delivery")
    assert counted(db, "heartbeat") == {}
    for at in (NOW, NOW + 16):
        with db.transaction() as tx:
            outbox.add(tx, [delivery(notifier="ops")])
        lease(db, at)

    assert counted(db, "heartbeat") == {("delivery", "error"): 2.0}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ({}, ["claim_reclaimed"]),
        ({"audit_log_enabled": False, "audit_success_log_enabled": True}, []),
        (
            {"audit_success_log_enabled": True},
            ["claim_acquired", "claim_acquired", "claim_reclaimed"],
        ),
    ],
)
def test_the_audit_of_claims_follows_its_switches(db, told, wanted):
    with db.transaction() as tx:
        outbox.add(tx, [delivery(notifier="ops")])
    said = []
    totals.audited.use(told, lambda *line: said.append(line))
    try:
        lease(db, NOW)
        lease(db, NOW + 16)
    finally:
        totals.audited.use({}, None)

    found = audits.trail(db)
    assert sorted(line.type for line in found) == wanted
    assert all(line.payload["owner"] == "me" for line in found)
    attempts = {line.payload["attempt"] for line in found}
    assert attempts <= {1, 2}
    assert sorted(said) == [
        ("WARNING" if line.level == "warn" else "INFO", told_of(line))
        for line in sorted(found, key=lambda line: (line.level == "warn", line.id))
    ]


def test_a_delivery_of_a_dead_sender_is_counted_as_taken_over(db):
    with db.transaction() as tx:
        outbox.add(tx, [delivery(notifier="ops")])
    lease(db, NOW)
    lease(db, NOW + 16)
    assert counted(db, "claim") == {
        ("delivery", "fresh"): 1.0,
        ("delivery", "reclaimed"): 1.0,
    }


def test_an_event_is_counted_when_it_is_claimed_decided_failed_and_given_up(db):
    with db.transaction() as tx:
        made = [Event(x, "cli", f"t-{x}", "TASK_CREATED", NOW, {}) for x in "abc"]
        events.add(tx, made, NOW)
    first = claims.claim(db, "p", NOW, lease_s=5.0)
    with db.transaction() as tx:
        assert claims.finish(tx, first[0], NOW)
        assert claims.fail(tx, first[1], "why", NOW)
    assert freed.recover(db, NOW + 6) == 1
    (again,) = claims.claim(db, "p", NOW + 7)
    with db.transaction() as tx:
        claims.release(tx, again)
    assert counted(db, "event") == {("completed",): 1.0, ("failed",): 1.0}
    assert counted(db, "claim") == {
        ("event", "fresh"): 3.0,
        ("event", "reclaimed"): 1.0,
    }
    assert counted(db, "claimed_update") == {
        ("event", "expired"): 1.0,
        ("event", "released"): 1.0,
        ("event", "success"): 2.0,
    }


def test_an_action_is_counted_by_each_result_and_an_incident_when_it_is_forgotten(db):
    row = ActionRow(
        id="a1",
        target="webui",
        incident="i-1",
        attempt=1,
        kind="signal_file",
        issue="i",
        label="l",
        result=ActionResult.PLANNED,
        reason="r",
        code="pid_dead",
        detail="",
        planned_at=NOW,
    )
    opened = OpenIncident(
        "i-1", "webui", Severity.ERROR, NOW, Facet.PROCESS, Code.PID_DEAD, ""
    )
    with db.transaction() as tx:
        actions.plan(tx, row)
        actions.plan(tx, row)
        actions.finish(tx, "a1", ActionResult.REQUESTED, NOW)
        actions.finish(tx, "a1", ActionResult.SUCCESS, NOW)
        actions.finish(tx, "a1", ActionResult.SUCCESS, NOW)
        incidents.open_incident(tx, opened)
        tx.execute("DELETE FROM incidents")
    assert counted(db, "action") == {
        ("webui", "signal_file", "requested"): 1.0,
        ("webui", "signal_file", "success"): 1.0,
    }
    assert counted(db, "incident") == {("webui", "error"): 1.0}


def test_who_comes_too_late_is_refused_counted_and_audited(db):
    with db.transaction() as tx:
        outbox.add(tx, [delivery(notifier="ops")])
    late = lease(db, NOW)
    lease(db, NOW + 16)
    assert not outbox.renew(db, late, NOW + 60)
    assert not outbox.delivered(db, late, Receipt("202"), NOW + 17)
    assert not outbox.failed(db, late, NOW + 17)
    assert counted(db, "heartbeat") == {("delivery", "guard_reject"): 1.0}
    assert counted(db, "claimed_update") == {("delivery", "guard_reject"): 2.0}
    told = [(one.type, one.subject, one.payload) for one in audits.trail(db)]
    queue = {"queue": "delivery"}
    assert told[::-1] == [
        ("claim_reclaimed", "webui", queue | {"owner": "me", "attempt": 2}),
        *(
            (name, "webui", queue | {"owner": "notifier ops", "attempt": 1})
            for name in (
                "lease_renew_guard_reject",
                "claimed_update_guard_reject",
                "claimed_update_guard_reject",
            )
        ),
    ]


def test_an_audit_that_cannot_be_written_keeps_no_alert_back(db):
    with db.transaction() as tx:
        outbox.add(tx, [delivery(notifier="ops")])
        tx.execute("ALTER TABLE task_audits RENAME TO task_audits_backup")
    late = lease(db, NOW)
    assert lease(db, NOW + 16).fence == 2
    assert not outbox.delivered(db, late, Receipt("202"), NOW + 17)
    assert counted(db, "claimed_update") == {("delivery", "guard_reject"): 1.0}


def test_a_late_processor_is_refused_counted_and_audited(db):
    with db.transaction() as tx:
        events.add(tx, [Event("e", "cli", "t", "TASK_CREATED", NOW, {})], NOW)
    (late,) = claims.claim(db, "p", NOW, lease_s=5.0)
    claims.claim(db, "q", NOW + 6)
    with db.transaction() as tx:
        assert not claims.renew(tx, late, NOW + 60)
        assert not claims.finish(tx, late, NOW + 7)
    assert counted(db, "claimed_update") == {("event", "guard_reject"): 1.0}
    assert counted(db, "heartbeat") == {("event", "guard_reject"): 1.0}
    assert [one.type for one in audits.trail(db)] == [
        "claimed_update_guard_reject",
        "lease_renew_guard_reject",
        "claim_reclaimed",
    ]


def test_looks_that_find_nothing_are_written_with_the_next_that_finds_something(db):
    for _ in range(3):
        assert claims.claim(db, "p", NOW) == []
    assert counted(db, "poll") == {}
    with db.transaction() as tx:
        events.add(tx, [Event("e", "cli", "t", "TASK_CREATED", NOW, {})], NOW)
    claims.claim(db, "p", NOW)
    assert counted(db, "poll") == {("event", "empty"): 3.0, ("event", "found"): 1.0}


def seen(check, outcome, code, took):
    found = Finding(outcome, code, "")
    return Observation(check, "http", Facet.HEALTH, found, NOW, took)


def test_checks_are_counted_by_result_and_by_the_time_they_took(db):
    tally = Tally()
    for code, outcome, took in (
        (Code.OK, Outcome.OK, 0.005),
        (Code.OK, Outcome.OK, 0.0051),
        (Code.REFUSED, Outcome.FAIL, 0.0001),
        (Code.DEADLINE, Outcome.FAIL, 60.0),
        (Code.INTERNAL, Outcome.ERROR, 0.2),
    ):
        tally.note(
            "webui",
            (seen("web", outcome, code, took),),
            Health.FAILING,
            Health.UNHEALTHY,
        )
    late = (seen("web", Outcome.FAIL, Code.DEADLINE, 60.0),) * 2
    tally.note("other", late, Health.HEALTHY, Health.FAILING)
    tally.cycle(-0.1)
    tally.cycle(0.3)
    with db.transaction() as tx:
        totals.add(tx, tally.take())
        totals.add(tx, tally.take())  # nothing is left
    assert counted(db, "check") == {
        ("webui", "web", "ok"): 2.0,
        ("webui", "web", "fail"): 1.0,
        ("webui", "web", "timeout"): 1.0,
        ("webui", "web", "error"): 1.0,
        ("other", "web", "timeout"): 2.0,
    }
    # Five confirmed a failure; one target was down after its timeout, one not yet.
    assert counted(db, "again") == {("check",): 5.0}
    assert counted(db, "timeout") == {("check", "final"): 1.0, ("check", "retry"): 2.0}
    took = counted(db, "took")
    assert took.pop(("http", "sum")) == pytest.approx(180.2102)
    assert took == {
        ("http", "0.001"): 1.0,
        ("http", "0.005"): 1.0,
        ("http", "0.01"): 1.0,
        ("http", "0.25"): 1.0,
        ("http", "+Inf"): 3.0,
    }
    late = {("check", "0.001"): 1.0, ("check", "0.5"): 1.0, ("check", "sum"): 0.3}
    assert counted(db, "late") == late
