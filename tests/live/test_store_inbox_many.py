"""Many programs at one inbox: every event once, one processor for each, in order."""

from __future__ import annotations

import os
import time

import pytest
from store_rows import NOW, programs

from agent2.core.events import Event
from agent2.store import audits, inbox
from agent2.store.database import Database

PATIENCE = 100  # seconds


def fill(path, many, subjects):
    db = Database.open(path)
    with db.transaction() as tx:
        inbox.add(
            tx,
            [
                Event(f"e{n:04}", "eventbus", f"t{n % subjects}", "X", NOW, {"n": n})
                for n in range(many)
            ],
            NOW,
        )
    db.close()


@pytest.mark.slow
def test_ten_programs_push_the_same_thousand_ids(tmp_path):
    path = str(tmp_path / "agent2.db")
    Database.open(path).close()
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def push(number):
        db = Database.open(path)
        for batch in range(0, 1000, 20):  # each in an order of its own
            at = (batch + number * 100) % 1000
            events = [
                Event(f"e{n}", "eventbus", "t", "X", NOW, {})
                for n in range(at, at + 20)
            ]
            with db.transaction() as tx:
                new = inbox.add(tx, events, NOW)
            os.write(log, "".join(f"{name}\n" for name in new).encode())
        db.close()

    programs(10, push, PATIENCE)
    os.close(log)
    told_new = (tmp_path / "log").read_text().split()
    db = Database.open(path)
    assert inbox.counts(db, NOW).pending == 1000
    assert sorted(told_new) == sorted(f"e{n}" for n in range(1000))
    db.close()


@pytest.mark.slow
def test_four_processors_share_neither_an_event_nor_a_subject(tmp_path):
    path, many = str(tmp_path / "agent2.db"), 400
    fill(path, many, subjects=7)
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def say(word, number, batch):
        lines = (f"{word} {number} {e.event.subject} {e.event.id}\n" for e in batch)
        os.write(log, "".join(lines).encode())

    def process(number):
        db, idle = Database.open(path), 0
        while idle < 100:
            batch = inbox.claim(db, f"p{number}", NOW, limit=2 + number, lease_s=60)
            idle = 0 if batch else idle + 1
            say("took", number, batch)
            time.sleep(0.001)  # others look while this one works
            with db.transaction() as tx:
                say("gave", number, batch)
                for one in batch:
                    # Some are given back once, and must come again.
                    if one.fence == 1 and one.event.payload["n"] % 9 == 0:
                        assert inbox.release(tx, one)
                    else:
                        assert inbox.finish(tx, one, NOW)
        db.close()

    programs(4, process, PATIENCE)
    os.close(log)
    holders: dict[str, tuple[str, int]] = {}
    seen, who = set(), set()
    for line in (tmp_path / "log").read_text().splitlines():
        word, number, subject, name = line.split()
        holder, count = holders.get(subject, (number, 0))
        assert holder == number, f"{subject} is held by {holder} and {number}"
        count += 1 if word == "took" else -1
        holders[subject] = (number, count)
        if count == 0:
            del holders[subject]
        seen.add(name)
        who.add(number)
    assert len(seen) == many
    assert len(who) > 1
    db = Database.open(path)
    assert inbox.counts(db, NOW).completed == many
    db.close()


@pytest.mark.slow
def test_a_lease_that_ran_out_goes_to_one_processor_only(tmp_path):
    path = str(tmp_path / "agent2.db")
    fill(path, 200, 200)
    db = Database.open(path)
    asleep = inbox.claim(db, "old", NOW, 200, lease_s=1)
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def take(number):
        mine = Database.open(path)
        while batch := inbox.claim(mine, f"p{number}", NOW + 2, 7, lease_s=99):
            os.write(log, "".join(f"{one.event.id}\n" for one in batch).encode())
        mine.close()

    programs(4, take, PATIENCE)
    os.close(log)
    taken = (tmp_path / "log").read_text().split()
    assert sorted(taken) == sorted(one.event.id for one in asleep)
    with db.transaction() as tx:
        assert not any(inbox.finish(tx, one, NOW) for one in asleep)
    db.close()


@pytest.mark.slow
def test_a_thousand_events_are_decided_and_audited_in_batches_of_fifty(tmp_path):
    path = str(tmp_path / "agent2.db")
    fill(path, 1000, 30)

    def process(number):
        db = Database.open(path)
        while batch := inbox.claim(db, f"p{number}", NOW + number, 50, lease_s=0.5):
            with db.transaction() as tx:
                for one in batch:
                    if inbox.finish(tx, one, NOW):
                        told = audits.append(
                            tx, one.event.subject, "info", "SUPERVISOR_ALLOWED",
                            {"decision_type": "allow"}, NOW, one.event.id,
                            f"dec-{one.event.id}",
                        )  # fmt: skip
                        assert told is not None
        db.close()

    programs(
        3, process, PATIENCE
    )  # the later ones think that the leases of the first are over
    db = Database.open(path)
    assert inbox.counts(db, NOW).completed == 1000
    found = db.rows(
        "SELECT event_id, count(*) FROM task_audits"
        " WHERE event_id IS NOT NULL GROUP BY event_id"
    )
    assert sorted(found) == [(f"e{n:04}", 1) for n in range(1000)]
    db.close()
