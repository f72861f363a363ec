"""Roll the history up: raw rows for a week, minutes for 90 days, hours for 400.

A bucket is made of the raw rows of its time and replaces what stood there, so it may
be made twice and counts nothing twice. How far the buckets are right stands in
``history_rolled``; who is killed on the way begins again from there, and whoever reads
takes the raw rows from there on. A row that comes late moves it back (``history.add``).
"""

from __future__ import annotations

import time

from agent2.core.uptime import Bucket, fold, merge
from agent2.core.value import value
from agent2.store.codec import maybe_number
from agent2.store.history import MINUTE, names, rows_of
from agent2.store.rollup_rows import PLACES, to_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from agent2.store.database import Database

HOUR = 3600
_DAY = 86400.0
_LAG = 120.0  # the watcher hands its rows over once a minute
_UNIT = 6 * HOUR  # of one target at a time: its rows are in memory
_BATCH = 2000  # rows of one transaction: writers wait some milliseconds
_GONE = 500
_REST_S = 0.025  # longer than a nap of who waits for the lock
_HOLD = 15.0  # of a target that is watched no more
KEEP = {"history_minute": 90 * _DAY, "history_hour": 400 * _DAY}
KEEP_RAW = 7 * _DAY


@value
class Rolled:
    """What was done: rows read, buckets written, rows that were too old."""

    rows: int
    buckets: int
    gone: int


class _Writes:
    """Collects buckets and writes many in one transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._spans: list[tuple[str, int, int]] = []
        self._minutes: list[tuple[Any, ...]] = []
        self._hours: list[tuple[Any, ...]] = []
        self.buckets = 0

    def put(
        self, target: str, since: int, till: int, minutes: list[tuple[int, Bucket]]
    ) -> None:
        """Let *minutes* be all that there is of *target* in [since, till)."""
        self._spans.append((target, since, till))
        hours: dict[int, list[Bucket]] = {}
        for at, bucket in minutes:
            self._minutes.append(to_row(target, at, bucket))
            hours.setdefault(at - at % HOUR, []).append(bucket)
        for at, buckets in hours.items():
            self._hours.append(to_row(target, at, merge(buckets)))
        if len(self._minutes) + len(self._spans) >= _BATCH:
            self.flush()
            time.sleep(_REST_S)

    def flush(self) -> None:
        """Write what is collected, all of it or nothing."""
        if not self._spans:
            return
        with self._db.transaction() as tx:
            for table, rows in (
                ("history_minute", self._minutes),
                ("history_hour", self._hours),
            ):
                tx.executemany(
                    f"DELETE FROM {table} WHERE target = ? AND at >= ? AND at < ?",  # noqa: S608
                    self._spans,
                )
                tx.executemany(f"INSERT INTO {table} VALUES ({PLACES})", rows)  # noqa: S608
        self.buckets += len(self._minutes) + len(self._hours)
        self._spans, self._minutes, self._hours = [], [], []


def roll(db: Database, now: float, holds: Mapping[str, float]) -> Rolled:
    """Bring the buckets up to date and drop what is too old.

    *now* is steady epoch seconds; *holds* tells for how many seconds a verdict of a
    target is trusted.

    Raises:
        StoreError: it cannot be read or written; the next call goes on.
    """
    aim = int((now - _LAG) // MINUTE * MINUTE)
    since = _begin(db, aim, max(holds.values(), default=_HOLD))
    if since is None:
        return Rolled(0, 0, _drop_old(db, now, rolled=False))
    count, writes = 0, _Writes(db)
    for target in names(db):
        hold = holds.get(target, _HOLD)
        for start, end in _units(db, target, since, aim, hold):
            rows = rows_of(db, target, start - hold, end)
            count += len(rows)
            writes.put(target, start, end, list(fold(rows, MINUTE, hold, start, end)))
    writes.flush()
    with db.transaction() as tx:
        tx.execute("UPDATE history_rolled SET until = ?", (aim,))
    return Rolled(count, writes.buckets, _drop_old(db, now, rolled=True))


def _begin(db: Database, aim: int, longest: float) -> int | None:
    """Return from where to roll up to *aim*, and say that we do; None: no rows."""
    oldest = [_oldest(db, name, 0.0) for name in names(db)]
    with db.transaction() as tx:
        until, late, pruned = tx.execute(
            "SELECT until, late, pruned FROM history_rolled"
        ).fetchone()
        if until is None:
            until = min((at for at in oldest if at is not None), default=None)
        if until is None:
            return None
        if late is not None:
            until = min(until, late - longest)
        since = int(until // HOUR * HOUR)
        if pruned is not None:  # hours of which rows are gone stay what they are
            since = max(since, int(-(-pruned // HOUR) * HOUR))
        tx.execute(
            "UPDATE history_rolled SET until = min(coalesce(until, ?1), ?1),"
            " aim = ?2, late = NULL",
            (float(since), float(max(aim, since))),
        )
    return since


def _oldest(db: Database, target: str, since: float) -> float | None:
    sql = "SELECT min(at) FROM history_raw WHERE target = ? AND at >= ?"
    return maybe_number(db.rows(sql, (target, since))[0][0])


def _units(
    db: Database, target: str, since: int, aim: int, hold: float
) -> Iterator[tuple[int, int]]:
    """Cut [since, aim) into pieces, from where *target* has rows."""
    begun = _oldest(db, target, since - hold)
    if begun is None:
        return
    start = max(since, int(begun // HOUR * HOUR))
    while start < aim:
        end = min(start + _UNIT, aim)
        yield start, end
        start = end


def _drop_old(db: Database, now: float, *, rolled: bool) -> int:
    """Delete what is too old, a little at a time; return how many rows went."""
    gone = 0
    for table, keep in KEEP.items():
        for target in names(db, table):
            gone += _drop(db, table, target, now - keep)
    if not rolled:  # raw rows that are in no bucket yet stay
        return gone
    before = now - KEEP_RAW
    with db.transaction() as tx:  # said first: a kill on the way must not lose it
        tx.execute(
            "UPDATE history_rolled SET pruned = max(coalesce(pruned, ?1), ?1)",
            (before,),
        )
    return gone + sum(_drop(db, "history_raw", name, before) for name in names(db))


def _drop(db: Database, table: str, target: str, before: float) -> int:
    gone = 0
    while True:
        with db.transaction() as tx:
            done = tx.execute(
                f"DELETE FROM {table} WHERE target = ?1 AND at IN (SELECT at"  # noqa: S608
                f" FROM {table} WHERE target = ?1 AND at < ?2 LIMIT {_GONE})",
                (target, before),
            )
        gone += done.rowcount
        if done.rowcount < _GONE:
            return gone
        time.sleep(_REST_S)
