"""What waits for a collector: never more than the bound, and what goes is counted."""

from __future__ import annotations

import pytest

from agent2.store import journal
from agent2.telemetry.marks import Mark, Marks
from agent2.telemetry.queues import Logs, Traces, begin


def write(db, many, kind="restart.withheld"):
    with db.transaction() as tx:
        for number in range(many):
            journal.append(tx, float(number), kind, "a", "i1", {"why": "budget"})


@pytest.fixture(params=[lambda db: Logs(db, "s"), Traces], ids=["logs", "traces"])
def queue(request, db):
    return request.param(db)


def test_of_ten_thousand_that_wait_the_oldest_go_and_are_counted(db, queue):
    mark = begin(db, Mark(), 2048)
    write(db, 10_000)

    mark = queue.bounded(mark, 2048)
    batch, after = queue.batch(mark, 512)

    assert mark.dropped == 10_000 - 2048
    assert (len(batch), after.seq) == (512, 10_000 - 2048 + 512)


def test_every_one_comes_once_in_batches(db, queue):
    write(db, 1000)
    mark, found = begin(db, Mark(), 2048), []

    while True:
        batch, mark = queue.batch(mark, 300)
        if not batch:
            break
        assert len(batch) <= 300
        found += batch
    assert (len(found), mark.dropped, mark.seq) == (1000, 0, 1000)


def test_a_batch_that_was_not_taken_is_the_same_again(db, queue):
    write(db, 20)
    mark = begin(db, Mark(), 2048)

    assert queue.batch(mark, 50) == queue.batch(mark, 50)


def test_a_store_put_back_to_an_older_state_is_followed_from_its_end(db, queue):
    write(db, 5)
    mark = begin(db, Mark(seq=500, deliveries=90), 2048)

    assert (mark.seq, mark.deliveries) == (5, 0)
    write(db, 1)
    assert len(queue.batch(mark, 10)[0]) == 1


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "store": "x"}', "null"]
)
def test_a_torn_file_of_marks_is_a_beginning(tmp_path, text):
    (tmp_path / "telemetry_marks.json").write_text(text)

    assert Marks.load(str(tmp_path)) == Marks()


def test_marks_are_read_as_they_were_written(tmp_path):
    made = Marks("s", traces=Mark(5, 4, 3, {"a": 1.5}, 2, [7, 9], "HTTP 500"))
    made.save(str(tmp_path))

    assert Marks.load(str(tmp_path)) == made
