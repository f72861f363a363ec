"""The history rolled up: nothing lost, nothing twice, the same figures from any table."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager

import pytest

from agent2.core.uptime import fold, merge, percentile
from agent2.store import history, history_view, rollup
from agent2.store.database import Database

DAY = 86400.0
START = 1_790_000_000.0 // 3600 * 3600
HOLD = 15.0
HOLDS = {"a": HOLD, "b": HOLD}


def looks(since, seconds, every=5.0, target="a", word="good", response_s=0.02):
    count = int(seconds / every)
    return [(target, since + n * every, word, "ok", response_s) for n in range(count)]


def put(db, rows):
    with db.transaction() as tx:
        history.add(tx, rows)


def everything(db):
    return [
        db.rows(f"SELECT * FROM {table} ORDER BY target, at")
        for table in ("history_minute", "history_hour")
    ]


def exact(rows, since, till):
    """What the raw *rows* of one target say of [since, till)."""
    plain = [(at, word, response_s) for _t, at, word, _c, response_s in rows]
    return merge(b for _, b in fold(plain, 60, HOLD, since, till))


@pytest.fixture
def day(db):
    """A day with an outage of 90 s, a gap of 20 min and slow answers."""
    rows = looks(START, 7200)
    rows += looks(START + 7200, 90, word="bad", response_s=None)
    rows += looks(START + 7290, 3600, word="degraded", response_s=1.5)
    rows += looks(START + 7290 + 3600 + 1200, DAY - 7290 - 4800)
    put(db, rows + looks(START + 300, 4000, target="b"))
    return rows


def test_all_tables_tell_the_same_of_the_same_time(db, day):
    now = START + DAY
    rollup.roll(db, now, HOLDS)

    for since, till in (
        (START, now), (START + 60, now - 60), (START + 7140, START + 7320),
        (START + 3600, START + 7200), (now - 60, now), (START - 600, START),
    ):  # fmt: skip
        assert history_view.over(db, "a", since, till, HOLD) == exact(day, since, till)
    found = history_view.over(db, "a", START, now, HOLD)
    assert (found.down_ms, found.degraded_ms) == (90_000, 3_610_000)
    assert found.judged_ms == DAY * 1000 - 1_190_000
    assert percentile(found, 0.5) == pytest.approx(0.02, rel=0.05)


def test_what_held_at_the_end_of_one_piece_goes_on_in_the_next(db):
    """Looks that fall on no full minute: each bucket begins within a verdict."""
    rows = looks(START + 2.5, 30_000, every=10.0)
    put(db, rows)
    rollup.roll(db, START + 30_200, HOLDS)

    span = (START, START + 30_000)
    assert history_view.over(db, "a", *span, HOLD) == exact(rows, *span)


def test_rolling_up_again_changes_nothing_and_a_later_one_adds_what_came(db, day):
    now = START + 40_000
    rollup.roll(db, now, HOLDS)
    first = everything(db)

    again = rollup.roll(db, now, HOLDS)
    assert everything(db) == first
    assert again.rows < 3600  # no more than the last hour is read again

    for later in range(40_000, int(DAY) + 200, 7777):
        rollup.roll(db, START + later, HOLDS)
    in_steps = everything(db)
    with db.transaction() as tx:
        tx.execute("DELETE FROM history_minute")
        tx.execute("DELETE FROM history_hour")
        tx.execute("UPDATE history_rolled SET until = NULL, aim = NULL")
    rollup.roll(db, START + later, HOLDS)
    assert everything(db) == in_steps


def test_a_row_that_comes_late_is_counted_too(db, day):
    now = START + DAY
    rollup.roll(db, now, HOLDS)
    late = looks(START + 11_000, 600, word="bad", response_s=None)
    put(db, late)
    put(db, looks(now, 60))

    for _ in range(2):
        rollup.roll(db, now + 300, HOLDS)
        both = sorted(
            {row[1]: row for row in [*late, *day]}.values(), key=lambda r: r[1]
        )
        found = history_view.over(db, "a", START, START + DAY, HOLD)
        assert found.looks == len(both)
        assert found == exact([*both], START, START + DAY)


def test_a_row_that_comes_while_it_rolls_up_is_counted_by_the_next_one(path, db, day):
    """It lands behind what was read already; the figures are right all the same."""
    now = START + DAY
    other = Database.open(path)
    read, late = db.rows, [("a", START + 3.0, "bad", "refused", None)]

    class Slow:
        """A store on which somebody writes after the rows of ``a`` were read."""

        transaction = db.transaction

        def rows(self, sql, values=()):
            found = read(sql, values)
            if late and "response_s FROM history_raw" in sql:
                put(other, [late.pop()])
            return found

    rollup.roll(Slow(), now, HOLDS)
    assert not late
    rollup.roll(db, now, HOLDS)

    assert history_view.over(db, "a", START, START + 3600, HOLD).bad == 1
    assert history_view.over(db, "a", START, START + 60, HOLD).down_ms == 2000
    other.close()


@pytest.mark.parametrize("writes", [1, 2, 3, 4])
def test_a_kill_in_the_middle_counts_nothing_twice_and_loses_nothing(
    path, db, day, writes
):
    now = START + DAY
    pid = os.fork()
    if pid == 0:
        mine = Database.open(path)
        left = [writes]

        class Mortal:
            rows = mine.rows

            @contextmanager
            def transaction(self):
                with mine.transaction() as tx:
                    yield tx
                    left[0] -= 1
                    if not left[0]:
                        os.kill(os.getpid(), signal.SIGKILL)

        rollup._BATCH = 300
        rollup.roll(Mortal(), now, HOLDS)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL

    assert history_view.over(db, "a", START, now, HOLD) == exact(day, START, now)
    rollup.roll(db, now, HOLDS)
    assert history_view.over(db, "a", START, now, HOLD) == exact(day, START, now)


def test_what_is_too_old_goes_and_its_buckets_stay(db):
    put(db, looks(START, 7200, every=60.0))
    rollup.roll(db, START + 8000, HOLDS)
    whole = history_view.over(db, "a", START, START + 7200, HOLD)

    rollup.roll(db, START + 8 * DAY, HOLDS)
    assert db.rows("SELECT count(*) FROM history_raw") == [(0,)]
    assert history_view.over(db, "a", START, START + 7200, HOLD) == whole

    put(db, [("a", START + 1.0, "bad", "refused", None)])  # a clock that was set back
    rollup.roll(db, START + 8 * DAY + 300, HOLDS)
    assert history_view.over(db, "a", START, START + 7200, HOLD) == whole

    rollup.roll(db, START + 91 * DAY, HOLDS)
    assert db.rows("SELECT count(*) FROM history_minute") == [(0,)]
    assert history_view.over(db, "a", START, START + 91 * DAY, HOLD) == whole
    rollup.roll(db, START + 401 * DAY, HOLDS)
    assert db.rows("SELECT count(*) FROM history_hour") == [(0,)]


def test_raw_rows_that_were_never_rolled_up_are_not_dropped_for_their_age(db):
    put(db, looks(START, 600))

    rollup.roll(db, START + 60, HOLDS)  # nothing of it is old enough to be complete
    rollup.roll(db, START + 20 * DAY, HOLDS)

    assert history_view.over(db, "a", START, START + 600, HOLD).good == 120


def test_many_targets_are_seen_at_a_glance(db, day):
    now = START + DAY + 30.0
    put(db, looks(now - 30.0, 30))
    rollup.roll(db, now - 3000, HOLDS)

    found = history_view.panels(db, HOLDS | {"unknown": HOLD}, now)

    day_of_a = history_view.over(db, "a", now - DAY, now, HOLD)
    up, judged = found["a"].uptime["24h"]
    judged_s = day_of_a.judged_ms / 1000
    assert (up, judged) == (1 - 90 / judged_s, judged_s / DAY)
    whole = history_view.over(db, "a", START, now, HOLD).judged_ms / 1000
    for window, days in (("7d", 7), ("30d", 30), ("90d", 90)):
        up, judged = found["a"].uptime[window]
        assert up == pytest.approx(1 - 90 / whole)
        assert judged == pytest.approx(whole / days / DAY)
    assert found["a"].p95_s == pytest.approx(0.02, rel=0.05)
    assert len(found["a"].beats) == 50
    assert found["a"].beats[-1].at == now - 5.0
    assert found["b"].uptime["7d"][0] == 1.0
    empty = found["unknown"]
    assert (empty.uptime["90d"], empty.p95_s, empty.beats) == ((None, 0.0), None, ())


def test_a_series_has_a_bucket_for_each_time_in_which_something_was_seen(db, day):
    rollup.roll(db, START + DAY, HOLDS)

    hours = history_view.series(db, "a", START, START + DAY, 3600, HOLD)
    assert [at for at, _ in hours] == [START + n * 3600 for n in range(24)]
    assert merge(b for _, b in hours) == exact(day, START, START + DAY)
    fives = history_view.series(db, "a", START + 7200, START + 7800, 300, HOLD)
    assert [(at - START, b.down_ms) for at, b in fives] == [(7200, 90_000), (7500, 0)]
