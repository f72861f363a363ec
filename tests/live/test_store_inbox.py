"""The inbox: every event once, in its order, decided by one processor at a time."""

from __future__ import annotations

import pytest
from store_rows import NOW

from agent2.core.events import Event
from agent2.core.value import replace
from agent2.store import audits, inbox, turns, utc
from agent2.store.claims import ABSURD_S
from agent2.store.database import Database
from agent2.store.inbox_view import Backlog


@pytest.fixture
def db(tmp_path):
    store = Database.open(str(tmp_path / "agent2.db"))
    yield store
    store.close()


def event(name, subject="t", kind="TASK_CREATED", at=NOW, **payload):
    return Event(name, "eventbus", subject, kind, at, payload)


def add(db, *events, now=NOW, status="pending"):
    with db.transaction() as tx:
        return inbox.add(tx, events, now, status)


def claim(db, now=NOW, owner="one", limit=50, lease_s=30.0):
    return inbox.claim(db, owner, now, limit, lease_s)


def mark(db, how, claimed, *more):
    with db.transaction() as tx:
        return how(tx, claimed, *more)


def names(claimed):
    return [one.event.id for one in claimed]


def status(db, name):
    return inbox.get(db, name).status


# --- in -----------------------------------------------------------------------


def test_an_event_comes_out_as_it_went_in(db):
    told = event("e1", "端口 '8080'", a=[1, {"b": None}], c="\x00 ü", d=1.5, e=True)
    assert add(db, told) == ["e1"]
    (found,) = claim(db)
    assert found.event == told
    assert found.fence == 1


def test_the_same_id_is_kept_once_and_as_it_was_first(db):
    assert add(db, event("e1", n=1), event("e2"), event("e1", n=2)) == ["e1", "e2"]
    assert add(db, event("e2", n=3), event("e3")) == ["e3"]
    found = {one.event.id: one.event.payload for one in claim(db)}
    assert found == {"e1": {"n": 1}, "e2": {}, "e3": {}}


def test_an_event_that_was_decided_elsewhere_is_written_down_and_never_claimed(db):
    add(db, event("e1"), status="completed")
    assert claim(db) == []
    row = inbox.get(db, "e1")
    assert (row.status, row.received_at, row.processed_at) == ("completed", NOW, NOW)


def test_half_a_character_does_not_stop_an_event(db):
    add(db, event("e\udc80", "s\udc80", a="\udc80"))
    (found,) = claim(db)
    assert (found.event.id, found.event.subject) == ("e?", "s?")
    assert found.event.payload == {"a": "?"}
    assert mark(db, inbox.finish, found, NOW)


def test_a_number_that_json_has_no_word_for_does_not_break_the_documents_queries(db):
    add(db, event("e1", a=float("nan"), b=[float("-inf"), 1.5], c="x"))
    found = db.rows("SELECT json_extract(payload, '$.c') FROM supervisor_inbox")
    assert found == [("x",)]
    assert claim(db)[0].event.payload == {"a": None, "b": [None, 1.5], "c": "x"}


def test_an_event_that_another_program_wrote_by_its_documents_is_read(db):
    with db.transaction() as tx:
        tx.execute(
            "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source,"
            " payload, received_at) VALUES ('e1', 't', 'X', 'eventbus', 'no json', ?)",
            (utc.text(NOW),),
        )
    (found,) = claim(db)
    assert found.event == Event("e1", "eventbus", "t", "X", NOW, {})


def test_a_foreign_row_without_times_has_the_time_of_its_writing(db):
    with db.transaction() as tx:
        tx.execute(
            "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source)"
            " VALUES ('e1', 't', 'X', 'eventbus')"
        )
    ((said, now),) = db.rows(
        "SELECT received_at, strftime('%Y-%m-%d %H:%M:%f', 'now') FROM supervisor_inbox"
    )
    assert utc.seconds(now) - 60 < utc.seconds(said) <= utc.seconds(now)


# --- claims -------------------------------------------------------------------


def test_a_hundred_and_twenty_events_are_three_batches_the_oldest_first(db):
    add(db, *(event(f"e{n:03}", f"t{n}") for n in range(120)))
    batches = [names(claim(db)) for _ in range(4)]
    assert [len(batch) for batch in batches] == [50, 50, 20, 0]
    assert [one for batch in batches for one in batch] == [
        f"e{n:03}" for n in range(120)
    ]


def test_a_claimed_event_is_nobody_else_s_until_the_lease_ends(db):
    add(db, event("e1"))
    assert names(claim(db, NOW)) == ["e1"]
    assert claim(db, NOW + 29.9, "two") == []
    (again,) = claim(db, NOW + 30, "two")
    assert (again.event.id, again.fence) == ("e1", 2)
    assert inbox.get(db, "e1").owner == "two"


def test_who_slept_through_the_lease_can_no_longer_say_anything(db):
    add(db, event("e1"))
    (old,) = claim(db, NOW)
    (new,) = claim(db, NOW + 30, "two")
    assert not mark(db, inbox.finish, old, NOW)
    assert not mark(db, inbox.fail, old, "late", NOW)
    assert not mark(db, inbox.release, old)
    assert not mark(db, inbox.renew, old, NOW + 999)
    assert status(db, "e1") == "processing"
    assert mark(db, inbox.finish, new, NOW + 31)
    row = inbox.get(db, "e1")
    assert (row.status, row.processed_at, row.owner) == ("completed", NOW + 31, "")
    assert row.lease_until is None


def test_a_mark_counts_once(db):
    add(db, event("e1"))
    (mine,) = claim(db)
    assert mark(db, inbox.finish, mine, NOW)
    assert not mark(db, inbox.finish, mine, NOW)
    assert not mark(db, inbox.release, mine)
    assert claim(db, NOW + 999) == []


def test_a_mark_is_undone_with_its_transaction(db):
    add(db, event("e1"))
    (mine,) = claim(db)
    with pytest.raises(KeyError), db.transaction() as tx:
        assert inbox.finish(tx, mine, NOW)
        raise KeyError
    assert status(db, "e1") == "processing"


def test_a_lease_can_be_held_longer(db):
    add(db, event("e1"))
    (mine,) = claim(db, NOW)
    assert mark(db, inbox.renew, mine, NOW + 60)
    assert claim(db, NOW + 59, "two") == []
    assert names(claim(db, NOW + 60, "two")) == ["e1"]


def test_a_released_event_is_there_for_the_next_and_counts_as_untried(db):
    add(db, event("e1"))
    (mine,) = claim(db)
    assert mark(db, inbox.release, mine)
    (again,) = claim(db, owner="two")
    assert (again.event.retries, again.fence) == (0, 2)


def test_a_lease_from_before_the_clock_was_set_back_does_not_hold_for_ever(db):
    add(db, event("e1"))
    claim(db, NOW + ABSURD_S)
    assert claim(db, NOW + 30, "two", lease_s=1) == []
    assert names(claim(db, NOW, "two")) == ["e1"]


# --- the order within a subject -----------------------------------------------


def test_a_subject_that_is_being_worked_on_waits_and_the_others_go_on(db):
    add(db, event("a1", "a"), event("a2", "a"), event("b1", "b"))
    (first,) = claim(db, limit=1)
    assert first.event.id == "a1"
    assert names(claim(db, owner="two")) == ["b1"]
    assert mark(db, inbox.finish, first, NOW)
    assert names(claim(db, owner="two")) == ["a2"]


def test_all_events_of_a_subject_may_be_in_one_batch_in_their_order(db):
    add(db, *(event(f"e{n}", "a") for n in range(5)))
    assert names(claim(db)) == ["e0", "e1", "e2", "e3", "e4"]


def test_what_waits_to_be_tried_again_does_not_hold_up_its_subject(db):
    add(db, event("e1"), event("e2"))
    (first,) = claim(db, limit=1)
    assert mark(db, inbox.fail, first, "boom", NOW, NOW + 600)
    assert names(claim(db)) == ["e2"]


def test_a_dead_processor_holds_up_its_subject_no_longer_than_its_lease(db):
    add(db, event("e1"), event("e2"))
    claim(db, limit=1)
    assert claim(db, NOW + 29) == []
    assert names(claim(db, NOW + 30)) == ["e1"], "it is asked alone from now on"


def test_an_event_over_which_processors_die_steps_aside_and_is_given_up_once(db):
    """The batch of the first death is innocent but for one, and goes on meanwhile."""
    add(db, *(event(f"e{n}", f"t{n}") for n in range(1, 4)), event("e4", "t2"))
    now, deaths, decided, buried = NOW, [], [], []
    while not buried:
        found = claim(db, now)
        died = [one.event.id for one in found if one.event.id == "e2"]
        if died:
            deaths.append((now - NOW, names(found)))
            assert turns.give_back(db, "one", now) == len(found)
        else:
            decided += names(found)
            for one in found:
                assert mark(db, inbox.finish, one, now)
        now += 0.0 if found else 0.5
        buried = turns.bury(db, now)

    assert decided == ["e1", "e3"]
    assert deaths[0] == (0.0, ["e1", "e2", "e3", "e4"])
    assert deaths[1:] == [(wait, ["e2"]) for wait in (0.0, 1.0, 3.0, 7.0)]
    ((event_, why),) = buried
    assert (event_.id, why) == ("e2", "its processor died 5 times while it ran")
    row = inbox.get(db, "e2")
    assert (row.status, row.error, row.next_at) == ("failed", why, None)
    assert turns.bury(db, now) == []
    (after,) = claim(db, now)
    assert after.event.id == "e4", "the next of its subject kept its place behind it"
    assert mark(db, inbox.release, after)
    (line,) = audits.of_event(db, "e2")
    assert (line.type, line.payload["error"]) == ("SUPERVISOR_ERROR", why)
    inbox.retry(db, ["e2"])
    assert names(claim(db, now)) == ["e2"], "a person may have it tried again"


def test_a_claim_that_comes_to_an_end_is_no_death(db):
    add(db, event("e1"))
    for _ in range(9):
        (one,) = claim(db)
        assert mark(db, inbox.release, one)
    for hour in range(9):
        (one,) = claim(db, NOW + 3600 * hour)
        assert mark(db, inbox.fail, one, "boom", NOW, NOW + 3600 * (hour + 1))
    assert turns.bury(db, NOW + 9e5) == []


# --- failures -----------------------------------------------------------------


def test_a_failed_event_says_why_and_is_tried_again_when_it_is_due(db):
    add(db, event("e1"))
    (mine,) = claim(db)
    assert mark(db, inbox.fail, mine, "Policy 'x' raised: \udc80", NOW + 1, NOW + 10)
    row = inbox.get(db, "e1")
    assert (row.status, row.error) == ("failed", "Policy 'x' raised: ?")
    assert (row.next_at, row.processed_at, row.owner) == (NOW + 10, NOW + 1, "")
    assert claim(db, NOW + 9.9) == []
    (again,) = claim(db, NOW + 10)
    assert again.event.retries == 1
    assert mark(db, inbox.finish, again, NOW + 11)
    row = inbox.get(db, "e1")
    assert (row.status, row.error, row.next_at) == ("completed", "", None)


def test_a_dead_letter_stays_until_a_person_lets_it_be_tried_again(db):
    add(db, event("e1"), event("e2", "u"), event("e3", "v"))
    for one in claim(db):
        if one.event.id != "e3":
            assert mark(db, inbox.fail, one, "boom", NOW)
    assert claim(db, NOW + 29) == []
    assert inbox.retry(db, ["e1", "e3", "nobody"]) == 1
    assert inbox.retry(db, ["e1"]) == 0
    (again,) = claim(db)
    assert (again.event.id, again.event.retries) == ("e1", 0)
    assert inbox.retry(db) == 1
    assert names(claim(db)) == ["e2"]


def test_a_wait_from_before_the_clock_was_set_back_is_over(db):
    add(db, event("e1"))
    (mine,) = claim(db)
    mark(db, inbox.fail, mine, "boom", NOW, NOW + ABSURD_S + 1)
    assert names(claim(db, NOW)) == ["e1"]


# --- recovery -----------------------------------------------------------------


def test_a_stuck_event_is_given_back_when_its_lease_ends(db):
    add(db, event("e1"), event("e2", "u"))
    claim(db, NOW, limit=1, lease_s=30)
    claim(db, NOW, limit=1, lease_s=60)
    assert inbox.recover(db, NOW + 29) == 0
    assert inbox.recover(db, NOW + 30) == 1
    assert (status(db, "e1"), status(db, "e2")) == ("pending", "processing")
    assert inbox.recover(db, NOW - ABSURD_S) == 1, "the clock was set back"


def test_an_event_that_somebody_else_marked_is_stuck_after_five_minutes(db):
    add(db, event("e1"), now=NOW)
    with db.transaction() as tx:
        tx.execute("UPDATE supervisor_inbox SET status = 'processing'")
    assert inbox.recover(db, NOW + 300) == 0
    assert claim(db, NOW + 9999) == []
    assert inbox.recover(db, NOW + 300.001) == 1
    assert names(claim(db, NOW + 301)) == ["e1"]


def test_the_documents_reset_takes_an_event_from_its_processor_but_not_twice(db):
    """Their UPDATE knows no lease: the sleeper's mark must fail, the next one's hold."""
    add(db, event("e1"))
    (old,) = claim(db)
    with db.transaction() as tx:
        tx.execute(
            "UPDATE supervisor_inbox SET status = 'pending' WHERE status = 'processing'"
            " AND received_at < datetime('now', '-5 minutes')"
        )
    assert not mark(db, inbox.finish, old, NOW)
    (new,) = claim(db, owner="two")
    assert not mark(db, inbox.finish, old, NOW)
    assert mark(db, inbox.finish, new, NOW)


# --- what people see ----------------------------------------------------------


def test_the_backlog_is_counted_by_state_with_the_age_of_the_oldest(db):
    assert inbox.counts(db, NOW) == Backlog(0, 0, 0, 0, None)
    add(db, event("e0", "x"), now=NOW - 100)
    add(db, *(event(f"e{n}", f"t{n}") for n in range(1, 9)))
    done, bad, busy = claim(db, limit=3)
    mark(db, inbox.finish, done, NOW)
    mark(db, inbox.fail, bad, "boom", NOW)
    assert inbox.counts(db, NOW + 7.5) == Backlog(6, 1, 1, 1, 7.5)
    mark(db, inbox.release, busy)
    assert inbox.counts(db, NOW - 1).oldest_pending_s == 0.0
    for one in claim(db):
        mark(db, inbox.finish, one, NOW)
    assert inbox.counts(db, NOW + 99) == Backlog(0, 0, 1, 8, None)


def test_events_are_listed_newest_first_by_state_and_subject(db):
    for n in range(6):
        add(db, event(f"e{n}", f"t{n % 2}"), now=NOW + n)
    (first,) = claim(db, limit=1)
    mark(db, inbox.finish, first, NOW + 9)

    def listed(**how):
        return [row.event.id for row in inbox.listing(db, **how)]

    assert listed() == ["e5", "e4", "e3", "e2", "e1", "e0"]
    assert listed(limit=2) == ["e5", "e4"]
    assert listed(subject="t0") == ["e4", "e2", "e0"]
    assert listed(subject="t0", status="pending") == ["e4", "e2"]
    assert listed(status="completed") == ["e0"]
    assert inbox.get(db, "nobody") is None


def test_what_was_decided_since_a_time_is_counted(db):
    for n in range(3):
        add(db, event(f"e{n}"))
        mark(db, inbox.finish, *claim(db), NOW + n)
    assert [inbox.processed(db, NOW + n) for n in range(4)] == [3, 2, 1, 0]


def test_only_decided_events_are_put_away_and_only_old_ones(db):
    for age in (8, 6):
        at = NOW - age * 86_400
        rows = [event(f"{state}{age}", state) for state in ("done", "bad", "new")]
        add(db, *rows, now=at)
        for one in claim(db, at):
            if one.event.subject == "done":
                mark(db, inbox.finish, one, at)
            elif one.event.subject == "bad":
                mark(db, inbox.fail, one, "boom", at)
            else:
                mark(db, inbox.release, one)
    with db.transaction() as tx:
        assert inbox.prune(tx, NOW - 7 * 86_400) == 1
        assert inbox.prune(tx, NOW - 7 * 86_400) == 0
    left = sorted(row.event.id for row in inbox.listing(db))
    assert left == ["bad6", "bad8", "done6", "new6", "new8"]


def test_putting_away_is_done_in_steps(db):
    add(db, *(event(f"e{n}") for n in range(5)), status="completed")
    with db.transaction() as tx:
        assert [inbox.prune(tx, NOW + 1, limit=2) for _ in range(4)] == [2, 2, 1, 0]


# --- cost ---------------------------------------------------------------------


def test_a_claim_reads_only_what_is_open(db):
    """A scan of the table, or of its dead letters, would grow with its history."""
    from agent2.store.claims import _PICK

    wanted = {"now": "", "absurd": "", "limit": 1}
    plan = [row[-1] for row in db.rows(f"EXPLAIN QUERY PLAN {_PICK}", wanted)]
    assert [step for step in plan if not step.startswith("CORRELATED")] == [
        "SCAN e USING INDEX supervisor_inbox_queue",
        "SEARCH supervisor_inbox USING INDEX supervisor_inbox_held (task_id=? AND seq<?)",
        (
            "SEARCH supervisor_inbox USING INDEX supervisor_inbox_suspects"
            " (task_id=? AND seq<?)"
        ),
    ]


def test_an_empty_inbox_costs_no_write(db):
    add(db, event("e1"))
    claim(db)
    before = db.rows("PRAGMA data_version"), _changes(db)
    assert claim(db) == []
    assert inbox.recover(db, NOW) == 0
    assert (db.rows("PRAGMA data_version"), _changes(db)) == before


def _changes(db):
    return db.rows("SELECT total_changes()")


def test_a_claimed_value_can_be_sent_to_a_worker(db):
    import pickle

    add(db, event("e1", a=1))
    (mine,) = claim(db)
    assert pickle.loads(pickle.dumps(mine)) == mine
    assert replace(mine, fence=2) != mine
