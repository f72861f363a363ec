"""Targets, incidents, actions, journal, history and meta: as written, so read."""

from __future__ import annotations

import pytest
from store_rows import NOW, delivery

from agent2.core.effects import OpenIncident, ResolveIncident
from agent2.core.message import Alert, Cause, DeliveryState, Receipt
from agent2.core.model import (
    ActionResult,
    Code,
    Facet,
    Health,
    Severity,
    TargetState,
    Verdict,
)
from agent2.core.value import replace
from agent2.store import (
    actions,
    executions,
    history,
    incidents,
    journal,
    meta,
    outbox,
    targets,
)
from agent2.store.actions import ActionRow
from agent2.store.codec import READERS
from agent2.store.database import Database
from agent2.store.history import Point
from agent2.store.incidents import Incident

STATE = TargetState(
    health=Health.UNHEALTHY,
    degraded=True,
    first_seen=NOW,
    since=NOW + 0.125,
    failures=7,
    ever_healthy=True,
    facet=Facet.PORT,
    code=Code.PORT_REFUSED,
    detail="端口 8080 未监听",
    incident="webui-1",
    restarts=(NOW, NOW + 10.5),
    attempts=2,
    action="webui-1/2",
    exhausted_at=NOW + 99,
    told=True,
    ring=(1 << 20) - 1,
    flap="webui-1~flapping",
)
OPENED = OpenIncident(
    "webui-1", "webui", Severity.ERROR, NOW, Facet.PROCESS, Code.PID_DEAD, "PID 42"
)
ACTION = ActionRow(
    id="a1",
    target="webui",
    incident="webui-1",
    attempt=1,
    kind="signal_file",
    issue="WebUI 进程不存在",
    label="创建重启信号",
    result=ActionResult.PLANNED,
    reason="process_not_alive",
    code="pid_dead",
    detail="PID 42",
    planned_at=NOW,
)


@pytest.fixture
def db(tmp_path):
    store = Database.open(str(tmp_path / "agent2.db"))
    yield store
    store.close()


def in_one(db, call, *args):
    with db.transaction() as tx:
        return call(tx, *args)


# targets


@pytest.mark.parametrize("cls", [TargetState, Alert])
def test_every_field_that_is_stored_can_be_read(cls):
    assert set(cls.__annotations__.values()) <= READERS.keys()


def test_a_state_comes_back_as_it_was_saved(db):
    in_one(db, targets.save, "webui", STATE)
    in_one(db, targets.save, "端口", TargetState())
    assert targets.load_all(db) == {"webui": STATE, "端口": TargetState()}


def test_the_last_state_that_was_saved_counts(db):
    in_one(db, targets.save, "webui", STATE)
    in_one(db, targets.save, "webui", replace(STATE, failures=8))
    assert targets.load_all(db)["webui"].failures == 8


def test_a_state_of_another_version_keeps_what_is_known(db):
    in_one(db, targets.save, "webui", STATE)
    in_one(
        db,
        lambda tx: tx.execute(
            "UPDATE targets SET state = json_set(json_remove(state, '$.attempts'),"
            " '$.of_tomorrow', 1, '$.health', 'sleepy', '$.told', 'yes',"
            " '$.since', 'noon', '$.failures', 1.5, '$.restarts', json('[1, null]'))"
        ),
    )
    default = TargetState()
    assert targets.load_all(db)["webui"] == replace(
        STATE,
        attempts=default.attempts,
        health=default.health,
        told=default.told,
        since=default.since,
        failures=default.failures,
        restarts=default.restarts,
    )


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "{", '{"since": NaN, "incident_at": 1e999}', "[" * 5000]
)
def test_a_state_that_cannot_be_read_is_a_new_one(db, text):
    in_one(db, targets.save, "webui", STATE)
    in_one(db, lambda tx: tx.execute("UPDATE targets SET state = ?", (text,)))
    assert targets.load_all(db) == {"webui": TargetState()}


# incidents


def test_an_incident_is_opened_once_and_resolved_once(db):
    assert in_one(db, incidents.open_incident, OPENED)
    assert not in_one(db, incidents.open_incident, replace(OPENED, at=NOW + 5))
    found = incidents.get(db, "webui-1")
    assert found == Incident(
        "webui-1", "webui", Severity.ERROR, NOW, None, "process", "pid_dead", "PID 42"
    )
    assert incidents.open_ones(db) == [found]
    over = ResolveIncident("webui-1", "webui", NOW + 60)
    assert in_one(db, incidents.resolve, over)
    assert not in_one(db, incidents.resolve, replace(over, at=NOW + 99))
    assert incidents.open_ones(db) == []
    assert incidents.get(db, "webui-1") == replace(found, resolved_at=NOW + 60)


def test_an_incident_that_gets_louder_is_acknowledged_no_more(db):
    in_one(db, incidents.open_incident, OPENED)
    in_one(db, incidents.ack, "webui-1", NOW, "mia", "I know")
    in_one(db, incidents.worsen, "webui-1", Severity.CRITICAL)

    (found,) = incidents.open_ones(db)
    assert (found.severity, found.acked_at) == (Severity.CRITICAL, None)
    assert (found.acked_by, found.acked_why) == ("", "")


def test_a_replay_does_not_open_a_resolved_incident_again(db):
    in_one(db, incidents.open_incident, OPENED)
    in_one(db, incidents.resolve, ResolveIncident("webui-1", "webui", NOW + 60))
    in_one(db, incidents.open_incident, OPENED)
    assert incidents.open_ones(db) == []


def test_resolving_what_is_unknown_does_nothing(db):
    assert not in_one(db, incidents.resolve, ResolveIncident("x", "webui", NOW))
    assert incidents.get(db, "x") is None


def test_the_latest_incidents_come_newest_first(db):
    for n, target in enumerate(["a", "b", "a", "b"]):
        made = replace(OPENED, incident=f"i{n}", target=target, at=NOW + n)
        in_one(db, incidents.open_incident, made)
    assert [i.id for i in incidents.latest(db)] == ["i3", "i2", "i1", "i0"]
    assert [i.id for i in incidents.latest(db, limit=1)] == ["i3"]
    assert [i.id for i in incidents.latest(db, target="a")] == ["i2", "i0"]
    assert [i.id for i in incidents.open_ones(db)] == ["i0", "i1", "i2", "i3"]


def test_an_incident_knows_how_its_alerts_stand(db):
    in_one(db, incidents.open_incident, OPENED)
    names = ("a", "b", "c", "d")
    rows = [delivery("webui-1", name) for name in names] + [delivery("other", "a")]
    in_one(db, outbox.add, rows)
    leased = outbox.lease(
        db, owner="x", now=NOW, lease_s=9, notifiers=names[:3], limit=3
    )
    outbox.delivered(db, leased[0], Receipt("ok"), NOW)
    outbox.failed(db, leased[1], NOW)  # SENDING is no answer: it counts as dead
    found = incidents.get(db, "webui-1")
    assert (found.alerts, found.delivered, found.pending, found.dead) == (4, 1, 2, 1)


# actions


def test_an_action_is_planned_once(db):
    assert in_one(db, actions.plan, ACTION)
    assert not in_one(db, actions.plan, replace(ACTION, detail="other"))
    assert actions.recent(db) == [ACTION] == actions.unfinished(db)
    assert actions.get(db, "a1") == ACTION
    assert actions.get(db, "a2") is None
    assert actions.total(db) == 1


def test_a_planned_action_without_a_mark_is_an_intent(db):
    in_one(db, actions.plan, ACTION)
    in_one(db, actions.plan, replace(ACTION, id="a2", result=ActionResult.WARNED))
    assert actions.unfinished(db) == [ACTION]
    in_one(db, actions.finish, "a1", ActionResult.UNKNOWN, NOW + 1)
    assert actions.unfinished(db) == []


def test_a_result_keeps_the_detail_unless_there_is_a_new_one(db):
    in_one(db, actions.plan, ACTION)
    assert in_one(db, actions.finish, "a1", ActionResult.REQUESTED, NOW + 1)
    asked = replace(ACTION, result=ActionResult.REQUESTED, done_at=NOW + 1)
    assert actions.recent(db) == [asked]
    assert in_one(db, actions.finish, "a1", ActionResult.SUCCESS, NOW + 9, "new PID 43")
    proved = replace(
        asked, result=ActionResult.SUCCESS, done_at=NOW + 9, detail="new PID 43"
    )
    assert actions.recent(db) == [proved]


@pytest.mark.parametrize(
    "known", [ActionResult.SUCCESS, ActionResult.FAILED, ActionResult.WITHDRAWN]
)
def test_a_late_mark_does_not_hide_a_proved_result(db, known):
    in_one(db, actions.plan, ACTION)
    in_one(db, actions.finish, "a1", known, NOW + 1)
    assert not in_one(db, actions.finish, "a1", ActionResult.REQUESTED, NOW + 2)
    assert actions.recent(db)[0].result is known


def test_finishing_what_is_unknown_does_nothing(db):
    assert not in_one(db, actions.finish, "x", ActionResult.SUCCESS, NOW)


def test_the_newest_actions_come_oldest_first(db):
    for n in range(60):
        row = replace(ACTION, id=f"a{n}", incident=None, planned_at=NOW - n)
        in_one(db, actions.plan, row)
    assert [row.id for row in actions.recent(db)] == [f"a{n}" for n in range(10, 60)]
    assert [row.id for row in actions.recent(db, limit=2)] == ["a58", "a59"]
    assert actions.total(db) == 60


def test_hidden_actions_are_counted_and_not_shown(db):
    for n in range(4):
        in_one(db, actions.plan, replace(ACTION, id=f"a{n}"))
    in_one(db, actions.hide, iter(["a0", "a2", "x"]))
    assert [row.id for row in actions.recent(db)] == ["a1", "a3"]
    assert actions.get(db, "a0").hidden
    assert actions.total(db) == 4
    assert len(actions.unfinished(db)) == 4


def test_a_result_of_another_version_is_unknown(db):
    in_one(db, actions.plan, ACTION)
    in_one(db, lambda tx: tx.execute("UPDATE actions SET result = 'tomorrow'"))
    assert actions.recent(db)[0].result is ActionResult.UNKNOWN


# journal


def test_the_journal_is_read_in_the_order_of_writing(db):
    body = {"n": 1, "old": Health.HEALTHY, "多": ["x", None]}
    first = in_one(db, journal.append, NOW, "health", "webui", "i1", body)
    second = in_one(db, journal.append, NOW - 5, "started", None, None, {})
    one, two = journal.read(db)
    assert (one.seq, two.seq) == (first, second)
    assert first < second == journal.last(db)
    assert one.body == {"n": 1, "old": "healthy", "多": ["x", None]}
    assert (one.kind, one.target, one.incident, one.at) == (
        "health",
        "webui",
        "i1",
        NOW,
    )
    assert (two.target, two.incident, two.body) == (None, None, {})


def test_the_journal_is_read_on_from_where_one_was(db):
    for n in range(5):
        in_one(db, journal.append, NOW, "k", "t", f"i{n % 2}", {"n": n})
    assert [e.body["n"] for e in journal.read(db, after=2, limit=2)] == [2, 3]
    assert [e.body["n"] for e in journal.read(db, incident="i1")] == [1, 3]
    assert [e.body["n"] for e in journal.read(db, after=2, incident="i1")] == [3]
    assert journal.read(db, after=5) == []


def test_a_failure_begins_where_the_target_was_well_last(db):
    for old, new in (
        ("healthy", "failing"), ("failing", "healthy"),  # another outage, over
        ("healthy", "failing"), ("failing", "unhealthy"),
    ):  # fmt: skip
        body = {"old": old, "new": new, "detail": '"new": "healthy"'}
        in_one(db, journal.append, NOW, "health.changed", "webui", None, body)
    in_one(db, journal.append, NOW, "health.changed", "db", None, {"new": "healthy"})
    opened = in_one(db, journal.append, NOW, "incident.opened", "webui", "i", {})
    assert journal.failing(db, "webui", opened) == 3
    assert journal.failing(db, "webui", 2) == 2  # nothing but that it is well
    assert journal.failing(db, "other", opened) == opened


def test_old_entries_are_pruned_and_numbers_go_on(db):
    assert journal.last(db) == 0
    for n in range(4):
        in_one(db, journal.append, NOW + n, "k", None, None, {})
    assert in_one(db, journal.prune, NOW + 10, 3) == 3
    assert [e.at for e in journal.read(db)] == [NOW + 3]
    assert in_one(db, journal.prune, NOW + 3) == 0
    assert in_one(db, journal.prune, NOW + 10) == 1
    assert in_one(db, journal.append, NOW, "k", None, None, {}) == 5


def test_an_entry_that_cannot_be_read_has_an_empty_body(db):
    in_one(db, journal.append, NOW, "k", None, None, {"a": 1})
    in_one(db, lambda tx: tx.execute("UPDATE journal SET body = '{\"a\"'"))
    assert journal.read(db)[0].body == {}


# history


def test_history_keeps_one_point_for_a_target_and_a_time(db):
    rows = [
        ("a", NOW, Verdict.GOOD, Code.OK, 0.5),
        ("a", NOW + 1, "bad", "dns", None),
        ("b", NOW, Verdict.UNKNOWN, Code.AGENT_GAP, None),
    ]
    in_one(db, history.add, iter(rows))
    in_one(db, history.add, [("a", NOW, Verdict.BAD, Code.DNS, 9.0)])
    assert history.recent(db, "a", 10) == [
        Point(NOW, "good", "ok", 0.5),
        Point(NOW + 1, "bad", "dns", None),
    ]
    assert [p.at for p in history.recent(db, "a", 1)] == [NOW + 1]
    assert in_one(db, history.prune, NOW + 1) == 2
    assert history.recent(db, "b", 10) == []


# meta


def test_a_fact_is_put_and_got(db):
    assert meta.get(db, "k") is None
    in_one(db, meta.put, "k", "1")
    in_one(db, meta.put, "k", "二 \udc80")
    assert meta.get(db, "k") == "二 ?"


def test_the_instance_is_made_once_and_differs_between_stores(db, tmp_path):
    name = meta.instance(db)
    assert len(name) == 12
    assert int(name, 16) >= 0
    db.close()
    again = Database.open(str(tmp_path / "agent2.db"))
    other = Database.open(str(tmp_path / "other.db"))
    try:
        assert meta.instance(again) == name
        assert meta.instance(other) != name
    finally:
        again.close()
        other.close()


def test_what_was_done_stands_under_the_names_of_the_documents(db):
    good = ("webui", NOW, "good", "ok", 0.25)
    with db.transaction() as tx:
        history.add(tx, [good, ("webui", NOW + 1, "bad", "tls", None)])
        outbox.add(tx, [delivery(notifier="ops")])
    (held,) = outbox.lease(db, owner="me", now=NOW, lease_s=9.0, notifiers=["ops"])
    late = replace(held, state=DeliveryState.PENDING, cause=Cause.TIMEOUT, next_at=NOW)
    outbox.failed(db, late, NOW + 2)

    rows = db.rows(
        "SELECT finished_at, model_name, json_extract(token_usage, '$.requests'),"
        " error_type FROM task_executions ORDER BY finished_at"
    )

    second = "2023-11-14 22:13:2%d.000"
    assert rows == [
        (second % 0, "check", 1, None),
        (second % 1, "check", 1, "tls"),
        (second % 2, "notifier/ops", 1, "timeout"),
    ]


def test_the_words_for_errors_are_those_of_codes_and_causes_and_none_twice():
    words = " ".join(executions._WORDS.values()).split()

    assert len(words) == len(set(words))
    assert set(words) <= {one.value for kind in (Code, Cause) for one in kind}
    assert {one.value for one in Cause} <= set(words)
