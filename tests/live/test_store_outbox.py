"""The outbox: every alert exactly where it belongs, whoever dies or sleeps."""

from __future__ import annotations

import pytest
from store_rows import NOW, alert, delivery

from agent2.core.delivery import Retry
from agent2.core.delivery import failed as after_failure
from agent2.core.effects import OpenIncident, ResolveIncident
from agent2.core.message import Cause, DeliveryState, Receipt
from agent2.core.model import AlertKind, Code, Facet, Severity, TargetState
from agent2.core.value import replace
from agent2.store import incidents, outbox, targets
from agent2.store.database import Database

RECEIPT = Receipt("202 queued", "remote-1")


@pytest.fixture
def db(tmp_path):
    store = Database.open(str(tmp_path / "agent2.db"))
    yield store
    store.close()


def add(db, *deliveries):
    with db.transaction() as tx:
        return outbox.add(tx, deliveries)


def lease(db, now=NOW, owner="one", notifiers=("mail", "slack"), limit=1, lease_s=30.0):
    return outbox.lease(
        db, owner=owner, now=now, lease_s=lease_s, notifiers=notifiers, limit=limit
    )


def ids(deliveries):
    return [d.id for d in deliveries]


def test_an_alert_comes_out_as_it_went_in(db):
    queued = delivery(detail="ünïcödé \x00 ' \" 端口", lines=("a", "b"))
    add(db, queued)
    (found,) = lease(db)
    assert found.alert == queued.alert
    assert (found.state, found.attempts, found.fence) == (DeliveryState.SENDING, 1, 1)
    assert not found.ambiguous
    assert found.cause is None


def test_half_a_character_does_not_stop_an_alert(db):
    add(db, delivery(detail="bad \udc80 name"))
    assert lease(db)[0].alert.detail == "bad ? name"


def test_the_same_id_is_queued_once(db):
    assert add(db, delivery(), delivery("i2"), delivery()) == 2
    assert add(db, delivery(), delivery("i3")) == 1
    assert len(outbox.listing(db)) == 3


def test_a_known_id_is_not_queued_again_after_it_was_delivered(db):
    add(db, delivery())
    assert outbox.delivered(db, lease(db)[0], RECEIPT, NOW)
    assert add(db, delivery()) == 0
    assert lease(db) == []


def test_rows_roll_back_with_their_transaction(db):
    with pytest.raises(KeyError), db.transaction() as tx:
        outbox.add(tx, [delivery()])
        raise KeyError
    assert outbox.listing(db) == []


def test_a_row_is_not_leased_before_it_is_due(db):
    add(db, replace(delivery(), next_at=NOW + 5))
    assert lease(db, NOW + 4.9) == []
    assert ids(lease(db, NOW + 5)) == ["i1/firing/0/mail"]


def test_a_leased_row_is_not_leased_again(db):
    add(db, delivery())
    assert lease(db)
    assert lease(db, owner="two") == []


def test_only_the_asked_notifiers_are_leased(db):
    add(db, delivery(notifier="mail"), delivery(notifier="slack"))
    assert ids(lease(db, notifiers=["slack"], limit=9)) == ["i1/firing/0/slack"]
    assert lease(db, notifiers=[]) == []


def test_no_more_rows_are_leased_than_asked_for(db):
    add(db, *(delivery(f"i{n}") for n in range(5)))
    assert len(lease(db, limit=3)) == 3
    assert len(lease(db, limit=3)) == 2


def test_one_incident_is_told_to_one_notifier_in_order(db):
    kinds = (AlertKind.FIRING, AlertKind.REMINDER, AlertKind.RESOLVED)
    add(db, *(delivery(kind=kind) for kind in kinds))
    for kind in kinds:
        (row,) = lease(db, limit=9)
        assert row.alert.kind is kind
        assert lease(db, limit=9) == [], "a later row went out beside an earlier one"
        assert outbox.delivered(db, row, RECEIPT, NOW)


def test_a_later_row_waits_for_the_retry_of_an_earlier_one(db):
    add(db, delivery(), delivery(kind=AlertKind.RESOLVED))
    (first,) = lease(db)
    later = after_failure(first, Retry(), Cause.SERVER, "503", NOW)
    assert outbox.failed(db, later, NOW)
    assert lease(db, NOW) == []
    assert ids(lease(db, later.next_at)) == [first.id]


def test_a_later_row_goes_on_when_the_earlier_one_is_dead(db):
    add(db, delivery(), delivery(kind=AlertKind.RESOLVED))
    (first,) = lease(db)
    dead = after_failure(first, Retry(), Cause.AUTH, "404", NOW)
    assert outbox.failed(db, dead, NOW)
    assert ids(lease(db)) == ["i1/resolved/0/mail"]


def test_other_incidents_and_other_notifiers_do_not_wait(db):
    add(db, delivery(), delivery(kind=AlertKind.RESOLVED))
    add(db, delivery("i2"), delivery(notifier="slack"))
    found = lease(db, limit=9)
    assert ids(found) == ["i1/firing/0/mail", "i2/firing/0/mail", "i1/firing/0/slack"]


def test_an_expired_lease_is_taken_over_and_may_have_arrived(db):
    add(db, delivery())
    (first,) = lease(db, lease_s=30)
    assert lease(db, NOW + 29.9, owner="two") == []
    (second,) = lease(db, NOW + 30, owner="two")
    assert second.ambiguous
    assert second.cause is Cause.CRASHED
    assert (second.fence, second.attempts) == (first.fence + 1, 2)
    assert outbox.get(db, second.id) == second
    last_error = outbox.counts(db)["mail"].last_error
    assert last_error is not None
    assert last_error[0] is Cause.CRASHED
    assert last_error[2] == NOW + 30


def test_who_lost_a_lease_can_mark_nothing(db):
    add(db, delivery())
    (slow,) = lease(db)
    (quick,) = lease(db, NOW + 60, owner="two")
    dead = after_failure(slow, Retry(), Cause.AUTH, "404", NOW)
    notice = delivery("i1~mail", "slack", AlertKind.UNDELIVERED)
    before = db.rows("SELECT * FROM deliveries")
    assert not outbox.delivered(db, slow, RECEIPT, NOW)
    assert not outbox.failed(db, dead, NOW, [notice])
    assert not outbox.renew(db, slow, NOW + 999)
    assert not outbox.release(db, slow, NOW)
    assert outbox.superseded(db, [slow.id], "why", NOW, holding=slow) == 0
    assert db.rows("SELECT * FROM deliveries") == before
    assert outbox.delivered(db, quick, RECEIPT, NOW)


def test_a_mark_is_taken_once(db):
    add(db, delivery())
    (row,) = lease(db)
    assert outbox.delivered(db, row, RECEIPT, NOW)
    before = db.rows("SELECT * FROM deliveries")
    assert not outbox.delivered(db, row, RECEIPT, NOW + 9)
    assert not outbox.failed(db, replace(row, state=DeliveryState.PENDING), NOW)
    assert not outbox.renew(db, row, NOW + 9)
    assert not outbox.release(db, row, NOW)
    assert db.rows("SELECT * FROM deliveries") == before


def test_a_sender_on_another_connection_is_fenced_too(db, tmp_path):
    other = Database.open(str(tmp_path / "agent2.db"))
    try:
        add(db, delivery())
        (slow,) = lease(other)
        (quick,) = lease(db, NOW + 60)
        assert not outbox.delivered(other, slow, RECEIPT, NOW + 61)
        assert outbox.delivered(db, quick, RECEIPT, NOW + 61)
        assert outbox.get(other, slow.id).state is DeliveryState.DELIVERED
    finally:
        other.close()


def test_leases_of_a_dead_courier_are_ended_at_once(db):
    add(db, delivery("i1"), delivery("i2"), delivery("i3"))
    asleep, done = lease(db, limit=2)
    outbox.delivered(db, done, RECEIPT, NOW)
    assert outbox.take_over(db, NOW + 1) == 1
    (again,) = lease(db, NOW + 1, owner="two", limit=1)
    assert (again.id, again.ambiguous) == (asleep.id, True)
    assert not outbox.delivered(db, asleep, RECEIPT, NOW + 2)
    assert outbox.get(db, done.id).state is DeliveryState.DELIVERED
    assert outbox.get(db, "i3/firing/0/mail").fence == 0


def test_a_late_proof_counts_while_nobody_else_took_the_row(db):
    add(db, delivery())
    (row,) = lease(db, lease_s=1)
    assert outbox.delivered(db, row, RECEIPT, NOW + 50)


def test_a_renewed_lease_is_not_taken_over(db):
    add(db, delivery())
    (row,) = lease(db, lease_s=10)
    assert outbox.renew(db, row, NOW + 100)
    assert lease(db, NOW + 50, owner="two") == []
    assert lease(db, NOW + 100, owner="two")


def test_a_delivered_row_keeps_the_receivers_proof(db):
    add(db, delivery())
    (row,) = lease(db)
    proof = Receipt("250 ok", "id-9", refused=("a@example.com",))
    outbox.delivered(db, row, proof, NOW + 1)
    found = outbox.get(db, row.id)
    assert found.receipt == "250 ok id-9 (refused: a@example.com)"
    assert found.state is DeliveryState.DELIVERED
    assert outbox.counts(db)["mail"].last_success_at == NOW + 1


def test_a_failed_row_stores_what_the_core_made_of_it(db):
    add(db, delivery())
    (row,) = lease(db)
    later = after_failure(row, Retry(), Cause.TIMEOUT, "no answer in 5 s", NOW)
    assert outbox.failed(db, later, NOW + 1)
    assert outbox.get(db, row.id) == later
    assert later.ambiguous
    error = outbox.counts(db)["mail"].last_error
    assert error == (Cause.TIMEOUT, "no answer in 5 s", NOW + 1)


def test_a_dead_letter_and_its_notices_are_one_commit(db):
    add(db, delivery())
    (row,) = lease(db)
    dead = after_failure(row, Retry(), Cause.REJECTED, "400", NOW)
    notice = delivery("i1~mail", "slack", AlertKind.UNDELIVERED)
    assert outbox.failed(db, dead, NOW, [notice])
    assert outbox.get(db, row.id).state is DeliveryState.DEAD
    assert ids(lease(db, limit=9)) == [notice.id]


def test_a_notice_that_cannot_be_queued_leaves_the_row_unmarked(db):
    add(db, delivery())
    (row,) = lease(db)
    dead = after_failure(row, Retry(), Cause.REJECTED, "400", NOW)

    def notices():
        yield delivery("i1~mail", "slack", AlertKind.UNDELIVERED)
        raise KeyError

    with pytest.raises(KeyError):
        outbox.failed(db, dead, NOW, notices())
    assert [d.state for d in outbox.listing(db)] == [DeliveryState.SENDING]


def test_a_released_row_was_never_tried(db):
    add(db, delivery())
    (row,) = lease(db)
    assert outbox.release(db, row, NOW + 7)
    found = outbox.get(db, row.id)
    assert (found.state, found.attempts) == (DeliveryState.PENDING, 0)
    assert not found.ambiguous
    assert lease(db, NOW + 6) == []
    (again,) = lease(db, NOW + 7)
    assert (again.attempts, again.fence, again.ambiguous) == (1, 2, False)


def test_only_rows_that_nobody_sends_are_superseded(db):
    add(db, delivery(), delivery(kind=AlertKind.REMINDER), delivery("i2"))
    held, other = lease(db, limit=2)
    every = [held.id, other.id, "i1/reminder/0/mail"]
    assert outbox.superseded(db, every, "told in one", NOW, holding=held) == 2
    assert outbox.get(db, held.id).state is DeliveryState.SUPERSEDED
    assert outbox.get(db, held.id).detail == "told in one"
    assert outbox.get(db, other.id).state is DeliveryState.SENDING
    assert not outbox.delivered(db, held, RECEIPT, NOW)


def test_a_held_row_is_not_superseded_unless_it_is_named(db):
    add(db, delivery(), delivery(kind=AlertKind.REMINDER))
    (held,) = lease(db)
    assert outbox.superseded(db, ["i1/reminder/0/mail"], "w", NOW, holding=held) == 1
    assert outbox.get(db, held.id).state is DeliveryState.SENDING


def test_the_group_is_what_is_unfinished_in_order(db):
    kinds = (AlertKind.FIRING, AlertKind.REMINDER, AlertKind.RESOLVED)
    add(db, *(delivery(kind=kind) for kind in kinds))
    add(db, delivery("i2"), delivery(notifier="slack"))
    outbox.delivered(db, lease(db)[0], RECEIPT, NOW)
    lease(db)
    group = outbox.pending_group(db, "mail", "i1")
    assert [d.alert.kind for d in group] == list(kinds[1:])
    assert [d.state for d in group] == [DeliveryState.SENDING, DeliveryState.PENDING]


def test_a_receiver_that_rests_gets_nothing_until_then(db):
    add(db, delivery(), delivery(notifier="slack"))
    outbox.pause(db, "mail", NOW + 60)
    assert outbox.paused(db) == {"mail": NOW + 60}
    assert ids(lease(db, limit=9)) == ["i1/firing/0/slack"]
    assert lease(db, NOW + 59.9, notifiers=["mail"]) == []
    assert lease(db, NOW + 60, notifiers=["mail"])


def test_a_rest_can_be_ended(db):
    add(db, delivery())
    outbox.pause(db, "mail", NOW + 60)
    outbox.pause(db, "mail", 0)
    assert outbox.paused(db) == {}
    assert lease(db)


def test_a_clock_set_back_holds_nothing_for_years(db):
    year = 31e6
    add(db, delivery("i1"), delivery("i2", at=NOW + year))
    assert len(lease(db, NOW + year, limit=1)) == 1
    outbox.pause(db, "mail", NOW + year)
    found = lease(db, NOW, limit=9)
    assert ids(found) == ["i1/firing/0/mail", "i2/firing/0/mail"]


def test_an_hour_is_no_absurd_wait(db):
    add(db, replace(delivery(), next_at=NOW + 3600))
    assert lease(db) == []


def test_next_due_knows_waits_leases_and_rests(db):
    assert outbox.next_due(db) is None
    add(db, replace(delivery(), next_at=NOW + 50), delivery(kind=AlertKind.RESOLVED))
    assert outbox.next_due(db) == NOW + 50, "the second row cannot go before the first"
    add(db, replace(delivery(notifier="slack"), next_at=NOW + 10))
    assert outbox.next_due(db) == NOW + 10
    outbox.pause(db, "slack", NOW + 40)
    assert outbox.next_due(db) == NOW + 40
    lease(db, NOW + 40, notifiers=["slack"], lease_s=5)
    assert outbox.next_due(db) == NOW + 45


def test_counts_say_how_each_notifier_stands(db):
    add(db, replace(delivery("i1"), created_at=NOW - 9), delivery("i2"))
    add(db, delivery("i3"), delivery("i4"), delivery("i5", "slack"))
    first, second, third = lease(db, notifiers=["mail"], limit=3)
    outbox.delivered(db, second, RECEIPT, NOW + 2)
    outbox.failed(db, after_failure(third, Retry(), Cause.AUTH, "404", NOW), NOW + 3)
    mail, slack = (outbox.counts(db)[name] for name in ("mail", "slack"))
    assert first.state is DeliveryState.SENDING
    assert (mail.pending, mail.dead, mail.delivered) == (2, 1, 1)
    assert mail.oldest_pending_at == NOW - 9
    assert mail.last_success_at == NOW + 2
    assert mail.last_error == (Cause.AUTH, "404", NOW + 3)
    assert (slack.pending, slack.last_success_at, slack.last_error) == (1, None, None)


def test_the_newest_error_is_told(db):
    add(db, delivery("i1"), delivery("i2"))
    causes, times = (Cause.SERVER, Cause.TLS), (NOW + 5, NOW + 2)
    for row, cause, at in zip(lease(db, limit=2), causes, times, strict=True):
        outbox.failed(db, after_failure(row, Retry(), cause, "d", NOW), at)
    assert outbox.counts(db)["mail"].last_error == (Cause.SERVER, "d", NOW + 5)


def test_a_listing_has_the_newest_rows_and_their_states(db):
    add(db, *(delivery(f"i{n}") for n in range(5)))
    outbox.delivered(db, lease(db)[0], RECEIPT, NOW)
    assert ids(outbox.listing(db, limit=2)) == ["i3/firing/0/mail", "i4/firing/0/mail"]
    assert ids(outbox.listing(db, [DeliveryState.DELIVERED])) == ["i0/firing/0/mail"]
    assert len(outbox.listing(db, [DeliveryState.PENDING])) == 4
    assert outbox.listing(db, []) == []


def test_an_unknown_id_is_none(db):
    assert outbox.get(db, "nothing") is None


def kill(db, row):
    assert outbox.failed(db, after_failure(row, Retry(), Cause.AUTH, "404", NOW), NOW)


def test_a_dead_letter_is_sent_again_when_asked(db):
    add(db, delivery("i1"), delivery("i2"), delivery("i3"))
    first, second, _third = lease(db, limit=3)
    kill(db, first)
    kill(db, second)
    assert lease(db) == []
    assert outbox.retry(db, [first.id, "nothing"], NOW + 5) == 1
    (again,) = lease(db, NOW + 5)
    assert again.id == first.id
    assert again.attempts == 2
    assert again.created_at == NOW + 5, "its age starts anew"
    assert again.fence > first.fence
    assert outbox.retry(db, None, NOW + 6) == 1
    assert ids(lease(db, NOW + 6)) == [second.id]


def test_only_dead_letters_are_sent_again(db):
    add(db, delivery("i1"), delivery("i2"))
    outbox.delivered(db, lease(db)[0], RECEIPT, NOW)
    assert outbox.retry(db, None, NOW + 5) == 0


def test_a_dropped_row_keeps_its_reason(db):
    add(db, delivery("i1"), delivery("i2"), delivery("i3"))
    dead, held = lease(db, limit=2)
    kill(db, dead)
    every = [dead.id, held.id, "i3/firing/0/mail"]
    assert outbox.drop(db, every, NOW) == 2
    assert outbox.get(db, dead.id).state is DeliveryState.SUPERSEDED
    assert outbox.get(db, dead.id).detail == "dropped by hand"
    assert outbox.get(db, held.id).state is DeliveryState.SENDING


def test_told_are_those_whose_row_arrived_or_may_or_will(db):
    names = ("delivered", "waits", "dead", "dead_but_unsure", "dropped")
    add(db, *(delivery(notifier=name) for name in names))
    rows = {d.notifier: d for d in lease(db, notifiers=names, limit=9)}
    outbox.delivered(db, rows["delivered"], RECEIPT, NOW)
    outbox.release(db, rows["waits"], NOW)
    outbox.release(db, rows["dropped"], NOW)
    outbox.drop(db, [rows["dropped"].id], NOW)
    kill(db, rows["dead"])
    kill(db, replace(rows["dead_but_unsure"], ambiguous=True))
    with db.transaction() as tx:
        assert outbox.told(tx, "i1") == {"delivered", "waits", "dead_but_unsure"}
        assert outbox.told(tx, "i2") == frozenset()


def test_old_finished_rows_are_pruned_and_no_others(db):
    add(db, *(delivery(f"i{n}") for n in range(5)))
    old, new, dead, *_ = lease(db, limit=4)
    outbox.delivered(db, old, RECEIPT, NOW)
    outbox.delivered(db, new, RECEIPT, NOW + 100)
    kill(db, dead)
    outbox.superseded(db, ["i4/firing/0/mail"], "why", NOW)
    with db.transaction() as tx:
        assert outbox.prune(tx, NOW + 50) == 2
    left = ids(outbox.listing(db))
    assert left == [f"i{n}/firing/0/mail" for n in (1, 2, 3)]


def test_rows_of_a_condition_that_lasts_are_not_pruned(db):
    names = ("open", "warning", "flap", "over")
    add(db, *(delivery(name) for name in names))
    for row in lease(db, limit=9):
        outbox.delivered(db, row, RECEIPT, NOW)
    state = TargetState(warning="warning", flap="flap")
    with db.transaction() as tx:
        targets.save(tx, "webui", state)
        targets.save(tx, "other", TargetState())
        for name in ("open", "over"):
            opened = OpenIncident(
                name, "webui", Severity.ERROR, NOW, Facet.PORT, Code.DNS, "d"
            )
            incidents.open_incident(tx, opened)
        incidents.resolve(tx, ResolveIncident("over", "webui", NOW))
        assert outbox.prune(tx, NOW + 50) == 1
    assert {d.alert.incident for d in outbox.listing(db)} == {"open", "warning", "flap"}


def test_numbers_are_not_used_twice_after_pruning(db):
    add(db, delivery("i1"))
    (row,) = lease(db)
    outbox.delivered(db, row, RECEIPT, NOW)
    with db.transaction() as tx:
        outbox.prune(tx, NOW + 1)
    add(db, delivery("i2"))
    assert lease(db)[0].seq > row.seq


def test_an_alert_whose_text_was_lost_is_still_told(db):
    add(db, delivery("i1", kind=AlertKind.RESOLVED))
    with db.transaction() as tx:
        tx.execute("UPDATE deliveries SET alert = '{\"torn\": '")
    (row,) = lease(db)
    assert row.alert.kind is AlertKind.RESOLVED
    assert row.alert.incident == "i1"
    assert "i1/resolved/0" in row.alert.subject
    assert outbox.delivered(db, row, RECEIPT, NOW)


def test_a_bad_byte_in_the_file_does_not_hide_a_row(db):
    add(db, delivery())
    with db.transaction() as tx:
        tx.execute("UPDATE deliveries SET detail = CAST(x'61ff62' AS TEXT)")
    assert lease(db)[0].detail == "a\ufffdb"


def test_an_alert_of_another_version_keeps_what_is_known(db):
    add(db, delivery())
    with db.transaction() as tx:
        tx.execute(
            "UPDATE deliveries SET alert ="
            " json_set(json_remove(alert, '$.host'), '$.new', 1, '$.severity', 'odd')"
        )
    assert lease(db)[0].alert == replace(alert(), host="")


def test_a_thousand_alerts_cost_no_search_of_the_table(db):
    add(db, *(delivery(f"i{n}") for n in range(1000)))
    from agent2.store.leases import _PICK

    wanted = {"notifiers": '["mail"]', "now": NOW, "absurd": NOW, "limit": 1}
    plan = [row[3] for row in db.rows(f"EXPLAIN QUERY PLAN {_PICK}", wanted)]
    assert not [step for step in plan if "TEMP B-TREE" in step]
    assert any("deliveries_queue" in step for step in plan)
    assert any("deliveries_group" in step for step in plan)
