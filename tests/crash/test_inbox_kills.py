"""A processor that is killed in the middle of a batch leaves each event decided once."""

from __future__ import annotations

import os
import signal
from functools import partial

import pytest
from inbox_campaign import conduct, event, faults

from agent2.core.events import Event
from agent2.core.policies import Ruling
from agent2.core.rulings import decide
from agent2.store import audits, inbox, turns
from agent2.store.database import Database
from agent2.supervisor.processor import Processor

NOW = 1_700_000_000.0


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_kills_in_the_middle_of_batches_leave_each_event_decided_exactly_once(tmp_path):
    found = conduct(str(tmp_path / "agent2.db"), kills=25, seed=3)

    assert found["wrong"] == []
    assert found["kills_in_a_batch"] > 3, "the kills came between the batches"


def deadly(event, _standing):
    """A policy of our own that takes its processor with it."""
    if event.id == "ev-1":
        os.kill(os.getpid(), signal.SIGKILL)
    return decide(Ruling.ALLOW, "well")


deadly.__module__ = "agent2.core.builtin"  # as if it were ours: in our own process


def test_an_event_that_kills_its_processor_is_given_up_and_the_others_go_on(tmp_path):
    path = str(tmp_path / "agent2.db")
    db = Database.open(path)
    with db.transaction() as tx:
        inbox.add(tx, [event(4 * n) for n in range(3)], NOW)  # allowed ones
        poison = Event("ev-1", "eventbus", "task-1", "DEADLY", NOW, {})
        inbox.add(tx, [poison], NOW)
        inbox.add(tx, [event(4 * n) for n in range(3, 6)], NOW)
    ends = []

    for life in range(12):
        now = NOW + 3.0 * life
        pid = os.fork()
        if pid == 0:
            processor = Processor(
                Database.open(path), now=partial(float, now), owner="one "
            )
            processor.judge.router.register("DEADLY", deadly)
            while processor.process_pending_events():
                pass
            os._exit(0)
        ends.append(os.waitpid(pid, 0)[1])
        turns.give_back(db, "one ", now)

    assert ends.count(signal.SIGKILL) == 5
    assert ends[-1] == 0
    found = inbox.get(db, "ev-1")
    why = "its processor died 5 times while it ran"
    assert (found.status, found.error, found.next_at) == ("failed", why, None)
    (line,) = audits.of_event(db, "ev-1")
    assert line.payload["error"] == why
    assert inbox.counts(db, now).completed == 6
    assert all(len(audits.of_event(db, f"ev-{4 * n}")) == 1 for n in range(6))
    db.close()


def test_a_decision_too_few_or_too_many_would_be_seen(tmp_path):
    db = Database.open(str(tmp_path / "agent2.db"))
    with db.transaction() as tx:
        inbox.add(tx, [event(0)], 1.7e9)
    processor = Processor(db)
    assert processor.process_pending_events() == 1
    assert faults(db, 1) == []
    assert faults(db, 2)
    with db.transaction() as tx:
        tx.execute(
            "INSERT INTO task_audits (task_id, level, event_type, created_at, event_id)"
            " VALUES ('task-0', 'info', 'SUPERVISOR_ALLOWED', '', 'ev-0')"
        )
    assert faults(db, 1)
    processor.close()
    db.close()
