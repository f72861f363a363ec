"""What the history says of a time: hours where they are whole, minutes, then raw rows.

Every reader takes its figures from here, so that screens, reports and promises agree.
A time begins with the whole minute (more than 90 days ago: hour) it begins in. *hold*
is for how many seconds a verdict is trusted (``core.uptime.trusted``).
"""

from __future__ import annotations

from agent2.core.uptime import Bucket, fold, judged, merge, percentile, uptime
from agent2.core.value import value
from agent2.store.codec import maybe_number
from agent2.store.history import MINUTE, Point, recent, rows_of
from agent2.store.rollup import HOUR, KEEP
from agent2.store.rollup_rows import PICKED, from_row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from agent2.store.database import Database

_DAY = 86400.0
WINDOWS = {"24h": _DAY, "7d": 7 * _DAY, "30d": 30 * _DAY, "90d": 90 * _DAY}
BEATS = 50
_ENOUGH = 100
# As ``fold`` does it, but in SQLite: an hour of 200 targets is 144,000 rows.
_HELD = """
SELECT verdict, sum(max(0.0, min(later, at + ?4, ?3) - max(at, ?2))) FROM (
    SELECT at, verdict, lead(at, 1, ?3) OVER (ORDER BY at) AS later
    FROM history_raw WHERE target = ?1 AND at >= ?2 - ?4 AND at < ?3
) GROUP BY verdict
"""


@value
class Panel:
    """One target at a glance.

    Attributes:
        uptime: Per name of ``WINDOWS`` the share of judged time in which it was up
            (None: nothing was judged), and the share of the window that was judged.
        p50_s, p95_s: Response times of the last 24 hours, up to the last roll-up.
        beats: The newest 50 cycles, oldest first.
    """

    uptime: dict[str, tuple[float | None, float]]
    p50_s: float | None
    p95_s: float | None
    beats: tuple[Point, ...]


def series(
    db: Database, target: str, since: float, till: float, width: int, hold: float
) -> list[tuple[int, Bucket]]:
    """Return the buckets of *width* seconds (whole minutes) with anything in them."""
    groups: dict[int, list[Bucket]] = {}
    step = HOUR if not width % HOUR else MINUTE
    for at, bucket in _pieces(db, target, since, till, step, hold):
        groups.setdefault(at - at % width, []).append(bucket)
    return [(at, merge(groups[at])) for at in sorted(groups)]


def days(
    db: Database, target: str, count: int, now: float, hold: float
) -> list[Bucket | None]:
    """Return the last *count* days (of UTC), oldest first; None: nothing was seen."""
    width = int(_DAY)
    begin = int(now // width - count + 1) * width
    found = dict(series(db, target, begin, now, width, hold))
    return [found.get(begin + number * width) for number in range(count)]


def over(db: Database, target: str, since: float, till: float, hold: float) -> Bucket:
    """Return all that was seen of *target* in [since, till), as one bucket."""
    pieces = _pieces(db, target, since, till, HOUR, hold)
    return merge(bucket for _at, bucket in pieces)


def panels(db: Database, holds: Mapping[str, float], now: float) -> dict[str, Panel]:
    """Return each target of *holds* at a glance; one walk over the hours for all."""
    until = _until(db)
    whole = until // HOUR * HOUR
    sums = _sums(db, now, whole)
    none = ((0, 0),) * len(WINDOWS)
    found = {}
    for name, hold in holds.items():
        day, cut = _rolled(db, name, now - _DAY, now, until)
        if day.answers < _ENOUGH:  # percentiles of old rows beat those of none
            day, cut = over(db, name, now - _DAY, now, hold), now
        tail = _tail(db, name, cut, now, hold)
        shares = {"24h": _shares((day, tail), _DAY)}
        since = max(whole, now - _DAY)
        fresh = (_rolled(db, name, since, cut, until)[0], tail)
        if cut == now:
            fresh = (over(db, name, since, now, hold), tail)
        for (window, seconds), (up, down) in zip(
            WINDOWS.items(), sums.get(name, none), strict=True
        ):
            if window != "24h":
                hours = Bucket(up_ms=up, down_ms=down)
                shares[window] = _shares((hours, *fresh), seconds)
        beats = tuple(recent(db, name, BEATS))
        p50, p95 = percentile(day, 0.5), percentile(day, 0.95)
        found[name] = Panel(shares, p50, p95, beats)
    return found


def _shares(buckets: tuple[Bucket, ...], seconds: float) -> tuple[float | None, float]:
    seen = merge(buckets)
    return uptime(seen), judged(seen, seconds)


def _rolled(
    db: Database, target: str, since: float, till: float, until: float
) -> tuple[Bucket, float]:
    """Return what is rolled up of [since, till), and up to where that is."""
    cut = max(min(till, until) // MINUTE * MINUTE, since)
    found = _pieces(db, target, since, cut, HOUR, 0.0)
    return merge(bucket for _at, bucket in found), cut


def _tail(db: Database, target: str, since: float, till: float, hold: float) -> Bucket:
    """Return how long each verdict held by the raw rows, without their answers."""
    rows = db.rows(_HELD, (target, since, till, hold)) if since < till else []
    held = {str(verdict): round((maybe_number(s) or 0.0) * 1000) for verdict, s in rows}
    good, degraded, bad = (held.get(word, 0) for word in ("good", "degraded", "bad"))
    return Bucket(up_ms=good, degraded_ms=degraded, down_ms=bad)


def _pieces(
    db: Database, target: str, since: float, till: float, step: int, hold: float
) -> Iterator[tuple[int, Bucket]]:
    """Yield what [since, till) is made of, from the largest buckets that fit."""
    start = int(since // MINUTE * MINUTE)
    cut = int(max(min(till, _until(db)) // MINUTE * MINUTE, start))
    low = high = start
    if step == HOUR:
        low = min(-(-start // HOUR) * HOUR, cut)
        if (
            till - start > KEEP["history_minute"]
        ):  # of its first hour no minutes are left
            low = min(start // HOUR * HOUR, cut)
        high = max(cut // HOUR * HOUR, low)
        yield from _rows(db, "history_minute", target, start, low)
        yield from _rows(db, "history_hour", target, low, high)
    yield from _rows(db, "history_minute", target, high, cut)
    if till > cut:
        raw = rows_of(db, target, cut - hold, till)
        yield from fold(raw, step, hold, cut, till)


def _rows(
    db: Database, table: str, target: str, since: int, till: int
) -> Iterator[tuple[int, Bucket]]:
    if since >= till:
        return
    sql = f"SELECT at, {PICKED} FROM {table} WHERE target = ? AND at >= ? AND at < ?"  # noqa: S608
    for at, *rest in db.rows(f"{sql} ORDER BY at", (target, since, till)):
        yield int(at), from_row(int(at), tuple(rest))


def _until(db: Database) -> float:
    """Return up to where the buckets are right."""
    found = db.rows("SELECT until FROM history_rolled")
    return maybe_number(found[0][0]) or 0.0 if found else 0.0


def _sums(
    db: Database, now: float, whole: float
) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return per target (up, down) in ms of the whole hours of each window."""
    starts = [(now - seconds) // HOUR * HOUR for seconds in WINDOWS.values()]
    picked = ", ".join(
        f"coalesce(sum({what}) FILTER (WHERE at >= {start:.0f}), 0)"
        for start in starts
        for what in ("up_ms + degraded_ms", "down_ms")
    )
    rows = db.rows(
        f"SELECT target, {picked} FROM history_hour"  # noqa: S608  (numbers of ours)
        " WHERE at >= ? AND at < ? GROUP BY target",
        (min(starts), whole),
    )
    return {
        str(name): tuple(zip(sums[::2], sums[1::2], strict=True))
        for name, *sums in rows
    }
