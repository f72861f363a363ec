"""A processor that is killed in the middle of a batch leaves each event decided once."""

from __future__ import annotations

import pytest
from inbox_campaign import conduct, event, faults

from agent2.store import inbox
from agent2.store.database import Database
from agent2.supervisor.processor import Processor


@pytest.mark.slow
def test_kills_in_the_middle_of_batches_leave_each_event_decided_exactly_once(tmp_path):
    found = conduct(str(tmp_path / "agent2.db"), kills=25, seed=3)

    assert found["wrong"] == []
    assert found["kills_in_a_batch"] > 3, "the kills came between the batches"


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
