"""Processors that are killed at any instant: every event decided exactly once."""

from __future__ import annotations

import os
import random
import signal
import time

import pytest

from agent2.core.events import Event
from agent2.store import audits, gates, inbox
from agent2.store.database import Database

NOW = 1_700_000_000.0
LEASE = 0.5
EVENTS = 400
KILLS = 40


def fill(path):
    db = Database.open(path)
    for first in range(0, EVENTS, 100):
        with db.transaction() as tx:
            inbox.add(
                tx,
                [
                    Event(f"e{n:03}", "eventbus", f"t{n % 7}", "X", NOW, {"n": n})
                    for n in range(first, first + 100)
                ],
                NOW,
            )
    db.close()


def decide(tx, one, now):
    """What a supervisor does with one event: its effect, its audit and its end."""
    gates.put_task(tx, one.event.subject, "decided", {"last": one.event.id}, now)
    told = audits.append(
        tx, one.event.subject, "info", "SUPERVISOR_ALLOWED",
        {"decision_type": "allow", "fence": one.fence}, now, one.event.id,
        f"dec-{one.event.id}",
    )  # fmt: skip
    assert told is not None, "decided twice"
    assert inbox.finish(tx, one, now)


def processor(path, log, number):
    """Start a process that claims batches of 50 and decides them, ten to a commit."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(60)
            db = Database.open(path)
            now = NOW + number  # each lives a second later: old leases have ended
            inbox.recover(db, now)
            while batch := inbox.claim(db, f"p{number}", now, 50, LEASE):
                lines = "".join(f"{one.event.id} {one.fence}\n" for one in batch)
                os.write(log, lines.encode())
                for first in range(0, len(batch), 10):
                    with db.transaction() as tx:
                        for one in batch[first : first + 10]:
                            decide(tx, one, now)
            status = 0
        finally:
            os._exit(status)
    return pid


@pytest.mark.slow
def test_killed_processors_decide_every_event_exactly_once(tmp_path):
    path = str(tmp_path / "agent2.db")
    fill(path)
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    chance = random.Random(5)
    number, status, killed = 0, -1, 0
    # An event that was killed alone waits a few lives long.
    while status != 0 or number < KILLS + 6:
        number += 1
        pid = processor(path, log, number)
        time.sleep(chance.uniform(0.002, 0.02))
        if number <= KILLS:
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status in (0, -signal.SIGKILL)
        killed += status != 0
    os.close(log)
    db = Database.open(path)
    backlog = inbox.counts(db, NOW)
    assert (backlog.pending, backlog.processing, backlog.failed) == (0, 0, 0)
    assert backlog.completed == EVENTS
    trail = [a for a in audits.trail(db, limit=9999) if a.event_id is not None]
    told = [(a.event_id, a.payload["fence"]) for a in trail]
    assert sorted(name for name, _ in told) == [f"e{n:03}" for n in range(EVENTS)]
    claims = [
        tuple(line.split()) for line in (tmp_path / "log").read_text().splitlines()
    ]
    assert len(set(claims)) == len(claims), "one claim was held by two"
    assert {(name, str(fence)) for name, fence in told} <= set(claims)
    assert killed > 5, "nobody was killed at work"
    # Within a subject the decisions stand in the order in which the events came.
    for subject in range(7):
        of_it = [a.event_id for a in trail if a.subject == f"t{subject}"]
        assert of_it == sorted(of_it, reverse=True)
        assert gates.task(db, f"t{subject}").metadata == {"last": of_it[0]}
    assert db.rows("PRAGMA integrity_check") == [("ok",)]
    db.close()


@pytest.mark.slow
def test_a_killed_pusher_leaves_whole_batches_and_can_push_them_again(tmp_path):
    path = str(tmp_path / "agent2.db")
    Database.open(path).close()
    chance = random.Random(6)
    for number in range(20):
        pid = os.fork()
        if pid == 0:
            try:
                signal.alarm(60)
                db = Database.open(path)
                for first in range(0, 500, 25):
                    events = [
                        Event(f"e{n}", "eventbus", "t", "X", NOW, {})
                        for n in range(first, first + 25)
                    ]
                    with db.transaction() as tx:
                        inbox.add(tx, events, NOW)
            finally:
                os._exit(0)
        time.sleep(chance.uniform(0, 0.01))
        if number < 19:
            os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        db = Database.open(path)
        assert inbox.counts(db, NOW).pending % 25 == 0
        db.close()
    db = Database.open(path)
    assert inbox.counts(db, NOW).pending == 500
    db.close()
