"""Who is sending a row of the outbox just now, and how it went.

A lease has an end and a *fence*: the number of the lease. Every mark names its
fence, so that a sender that slept through its lease can no longer say anything.
Within (incident, notifier) rows are leased strictly in the order of queueing.
"""

from __future__ import annotations

from agent2.core.message import Cause, Delivery, DeliveryState, Receipt
from agent2.core.value import replace
from agent2.store import totals
from agent2.store.codec import dump, plain
from agent2.store.deliveries import COLUMNS, UNFINISHED, from_row, insert
from agent2.store.pauses import paused

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    from agent2.store.database import Database

# No wait is longer than an hour (core/delivery.py): a time further ahead was
# written before the clock was set back, and counts as past.
ABSURD_S = 3700.0
_QUEUE = "delivery"
_CRASHED = "the sender ended before it could say how it went"
_PICK = f"""SELECT {COLUMNS} FROM deliveries AS d INDEXED BY deliveries_queue
    WHERE {UNFINISHED} AND notifier IN (SELECT value FROM json_each(:notifiers))
    AND (state = 'pending' AND (next_at <= :now OR next_at > :absurd)
        OR state = 'sending' AND (lease_until <= :now OR lease_until > :absurd))
    AND NOT EXISTS (SELECT 1 FROM deliveries AS e WHERE e.notifier = d.notifier
        AND e.incident = d.incident AND e.seq < d.seq
        AND e.state IN ('pending', 'sending'))
    ORDER BY seq LIMIT :limit"""  # noqa: S608  (our own names)
# The first half is the index's own condition, without which it is not used.
_LEASED = f"{UNFINISHED} AND state = 'sending'"
# By number: an id that a disk has bent may not be the one that was read.
_MINE = " WHERE seq = ? AND fence = ? AND state = 'sending'"
_AS_IT_WAS = f"""SELECT {COLUMNS} FROM deliveries
    WHERE seq = ? AND fence = ? AND {UNFINISHED}"""  # noqa: S608


def lease(
    db: Database,
    *,
    owner: str,
    now: float,
    lease_s: float,
    notifiers: Iterable[str],
    limit: int = 1,
) -> list[Delivery]:
    """Take up to *limit* due rows of *notifiers* for *lease_s* seconds.

    A row whose earlier lease ran out may have arrived: it comes back ambiguous,
    with the cause CRASHED. Rows of a paused notifier stay.
    """
    wanted = _wanted(db, now, notifiers, limit)
    if not db.rows(_PICK, wanted):  # the usual answer costs no write
        db.idle += 1
        return []
    with db.transaction() as tx:
        found = [from_row(row) for row in tx.execute(_PICK, wanted).fetchall()]
        again = sum(row.fence > 0 for row in found)
        totals.claimed(tx, db, _QUEUE, again)
        return [_take(tx, row, owner, now, lease_s) for row in found]


def borrow(
    db: Database, *, now: float, notifier: str, without: Iterable[int]
) -> Delivery | None:
    """Return a due row of *notifier* as if it were leased: no lease can be written.

    For the one courier that holds the lock: nobody else takes it meanwhile. *without*
    are the numbers of those it has borrowed already; ``confirm`` writes it down.
    """
    borrowed = frozenset(without)
    for row in db.rows(_PICK, _wanted(db, now, (notifier,), len(borrowed) + 1)):
        if (found := from_row(row)).seq not in borrowed:
            return _taken(found)
    return None


def confirm(
    db: Database, borrowed: Delivery, *, owner: str, now: float, lease_s: float
) -> None:
    """Write down the lease of what was borrowed, if it is still as it was then."""
    with db.transaction() as tx:
        row = tx.execute(_AS_IT_WAS, (borrowed.seq, borrowed.fence - 1)).fetchone()
        if row is not None:
            _take(tx, from_row(row), owner, now, lease_s)


def take_over(db: Database, now: float) -> int:
    """End every lease at once; return how many there were.

    For the courier that has just got the lock under which couriers run one at a
    time: whoever held these leases is dead.
    """
    if not db.rows(f"SELECT 1 FROM deliveries WHERE {_LEASED} LIMIT 1"):  # noqa: S608
        return 0
    with db.transaction() as tx:
        done = tx.execute(
            f"UPDATE deliveries SET lease_until = ? WHERE {_LEASED}",  # noqa: S608
            (now,),
        )
        return done.rowcount


def renew(db: Database, delivery: Delivery, until: float) -> bool:
    """Hold the lease until *until*; False: it was lost, stop sending."""
    return _mark(db, delivery, "lease_until = ?", (until,), "heartbeat")


def delivered(db: Database, delivery: Delivery, receipt: Receipt, now: float) -> bool:
    """Mark *delivery* as proved by *receipt*; False: the lease was lost."""
    told = f"{receipt.detail} {receipt.remote_id}".strip()
    if receipt.refused:
        told += f" (refused: {' '.join(receipt.refused)})"
    return _mark(
        db,
        delivery,
        "state = 'delivered', receipt = ?, finished_at = ?, owner = NULL",
        (plain(told), now),
    )


def failed(
    db: Database,
    delivery: Delivery,
    now: float,
    notices: Iterable[Delivery] = (),
    told: Callable[[sqlite3.Connection], None] | None = None,
) -> bool:
    """Store what ``core.delivery.failed`` made of an attempt; queue *notices* with it.

    *told* writes what else is to be known of it, in the same transaction.

    False: the lease was lost, nothing was stored and nothing queued.
    """
    over = delivery.state is not DeliveryState.PENDING
    with db.transaction() as tx:
        done = tx.execute(
            "UPDATE deliveries SET state = ?, next_at = ?, ambiguous = ?,"  # noqa: S608
            " cause = ?,"
            f" detail = ?, failed_at = ?, finished_at = ?, owner = NULL{_MINE}",
            (
                "dead" if over else "pending",
                delivery.next_at,
                delivery.ambiguous,
                None if delivery.cause is None else delivery.cause.value,
                plain(delivery.detail),
                now,
                now if over else None,
                delivery.seq,
                delivery.fence,
            ),
        )
        if done.rowcount == 1:
            if delivery.cause is Cause.TIMEOUT:
                totals.once(tx, "timeout", _QUEUE, "final" if over else "retry")
            insert(tx, notices)
            if told is not None:
                told(tx)
        else:
            _lost(tx, "claimed_update", delivery)
        return done.rowcount == 1


def release(db: Database, delivery: Delivery, next_at: float) -> bool:
    """Give a lease back without having tried; False: it was lost already."""
    return _mark(
        db,
        delivery,
        "state = 'pending', next_at = ?, attempts = max(attempts - 1, 0), owner = NULL",
        (next_at,),
    )


def _ahead(until: float, now: float) -> bool:
    return now < until <= now + ABSURD_S


def _wanted(
    db: Database, now: float, notifiers: Iterable[str], limit: int
) -> dict[str, object]:
    """Return the values of ``_PICK``; notifiers that rest are left out."""
    resting = {name for name, until in paused(db).items() if _ahead(until, now)}
    names = [name for name in notifiers if name not in resting]
    whole = {"notifiers": dump(names), "now": now, "absurd": now + ABSURD_S}
    return whole | {"limit": limit}


def _take(
    tx: sqlite3.Connection, row: Delivery, owner: str, now: float, lease_s: float
) -> Delivery:
    """Lease one row; within the transaction that found it."""
    taken = _taken(row)
    totals.acquired(tx, _QUEUE, row.alert.target, owner, taken.fence)
    if row.state is DeliveryState.SENDING:  # its sender died or slept
        totals.reclaimed(tx, _QUEUE, row.alert.target, owner, taken.fence)
        tx.execute(
            "UPDATE deliveries SET ambiguous = 1, cause = ?, detail = ?, failed_at = ?"
            " WHERE seq = ?",
            (Cause.CRASHED.value, _CRASHED, now, row.seq),
        )
    tx.execute(
        "UPDATE deliveries SET state = 'sending', fence = ?, attempts = ?, owner = ?,"
        " lease_until = ? WHERE seq = ?",
        (taken.fence, taken.attempts, plain(owner), now + lease_s, row.seq),
    )
    return taken


def _taken(row: Delivery) -> Delivery:
    """Return *row* as it is while it is sent."""
    taken = replace(
        row,
        state=DeliveryState.SENDING,
        fence=row.fence + 1,
        attempts=row.attempts + 1,
    )
    if row.state is not DeliveryState.SENDING:
        return taken
    return replace(taken, ambiguous=True, cause=Cause.CRASHED, detail=_CRASHED)


def _mark(
    db: Database,
    delivery: Delivery,
    change: str,
    values: tuple[object, ...],
    what: str = "claimed_update",
) -> bool:
    """Change the row of *delivery* if its lease is still the newest."""
    with db.transaction() as tx:
        done = tx.execute(
            f"UPDATE deliveries SET {change}{_MINE}",  # noqa: S608  (our own names)
            (*values, delivery.seq, delivery.fence),
        )
        if done.rowcount != 1:
            _lost(tx, what, delivery)
        return done.rowcount == 1


def _lost(tx: sqlite3.Connection, what: str, delivery: Delivery) -> None:
    """Write down that a sender came too late."""
    subject, owner = delivery.alert.target, f"notifier {delivery.notifier}"
    totals.refused(tx, what, _QUEUE, subject, owner, delivery.fence)
