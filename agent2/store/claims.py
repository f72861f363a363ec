"""Who decides an event of the inbox just now, and how it went.

    pending -> processing -> completed
                   |-> failed, tried again at ``next_at``; without one: a dead letter

Who processes an event holds a lease with an end and a *fence*, the number of the
claim: every mark names its fence, so that a processor that slept through its lease
can no longer say anything. An event that is being processed holds back the later
ones of its subject; one that waits to be tried again has lost its turn.

Each claim is counted and struck out when it ends properly: what is left are deaths of
processors. An event of a dead one's batch is claimed alone from then on, so that the
next death tells which it was (``turns.bury``). How events get free again without their
processor: ``freed``.
"""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import totals, utc
from agent2.store.codec import count, plain
from agent2.store.events import ABSURD_S, DUE, EVENT, OPEN, event_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from agent2.core.events import Event
    from agent2.store.database import Database

_HELD = "status = 'processing' AND lease_until > :now AND lease_until <= :absurd"
_PICK = f"""SELECT seq, fence, claims, {EVENT}
    FROM supervisor_inbox AS e INDEXED BY supervisor_inbox_queue
    WHERE {OPEN} AND {DUE}
    AND NOT EXISTS (SELECT 1 FROM supervisor_inbox
        WHERE task_id = e.task_id AND seq < e.seq AND {_HELD})
    AND NOT EXISTS (SELECT 1 FROM supervisor_inbox INDEXED BY supervisor_inbox_suspects
        WHERE task_id = e.task_id AND seq < e.seq AND claims >= 2
        AND status = 'pending' AND next_at > :now AND next_at <= :absurd)
    ORDER BY seq LIMIT :limit"""  # noqa: S608  (our own names)
_QUEUE = "event"
_MINE = " WHERE event_id = ? AND fence = ? AND status = 'processing'"


@value
class Claimed:
    """An event that is ours to decide until its lease ends.

    Attributes:
        fence: The number of the claim: how often the event was claimed so far.
    """

    event: Event
    fence: int


def claim(
    db: Database, owner: str, now: float, limit: int = 50, lease_s: float = 60.0
) -> list[Claimed]:
    """Take up to *limit* due events for *lease_s* seconds, the oldest first."""
    wanted = {
        "now": utc.text(now),
        "absurd": utc.text(now + ABSURD_S),
        "limit": limit,
    }
    if not db.rows(_PICK, wanted | {"limit": 1}):  # the usual answer costs no write
        db.idle += 1
        return []
    until = utc.text(now + lease_s)
    with db.transaction() as tx:
        rows = _unsuspected(tx.execute(_PICK, wanted).fetchall())
        tx.executemany(
            "UPDATE supervisor_inbox SET status = 'processing', fence = ?, owner = ?,"
            " lease_until = ?, next_at = NULL, claims = claims + 1 WHERE seq = ?",
            [(count(row[1]) + 1, plain(owner), until, row[0]) for row in rows],
        )
        if rows:
            again = sum(count(row[1]) > 0 for row in rows)
            totals.claimed(tx, db, _QUEUE, again)
        for row in rows:
            subject, fence = event_of(row[3:]).subject, count(row[1]) + 1
            totals.acquired(tx, _QUEUE, subject, owner, fence)
            if count(row[2]):  # who had claimed it died or slept
                totals.reclaimed(tx, _QUEUE, subject, owner, fence)
    return [Claimed(event_of(row[3:]), count(row[1]) + 1) for row in rows]


def _unsuspected(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return those before the first whose processor died, or that one alone."""
    for number, row in enumerate(rows):
        if count(row[2]):
            return rows[: max(number, 1)]
    return rows


def finish(tx: sqlite3.Connection, claimed: Claimed, now: float) -> bool:
    """Mark an event as decided; False: the claim was lost, undo what was done."""
    return _mark(
        tx,
        claimed,
        "status = 'completed', processed_at = ?, error_message = NULL, claims = 0",
        utc.text(now),
    )


def fail(
    tx: sqlite3.Connection,
    claimed: Claimed,
    why: str,
    now: float,
    retry_at: float | None = None,
) -> bool:
    """Mark an event as failed, to be tried again at *retry_at* or not by itself.

    False: the claim was lost, nothing was marked.
    """
    return _mark(
        tx,
        claimed,
        "status = 'failed', processed_at = ?, error_message = ?, next_at = ?,"
        " retry_count = retry_count + 1, claims = 0",
        utc.text(now),
        plain(why),
        None if retry_at is None else utc.text(retry_at),
    )


def release(tx: sqlite3.Connection, claimed: Claimed) -> bool:
    """Give an event back untried; False: the claim was lost already."""
    return _mark(tx, claimed, "status = 'pending', claims = max(claims - 1, 0)")


def renew(tx: sqlite3.Connection, claimed: Claimed, until: float) -> bool:
    """Hold a claim until *until*; False: it was lost."""
    done = tx.execute(
        f"UPDATE supervisor_inbox SET lease_until = ?{_MINE}",  # noqa: S608
        (utc.text(until), plain(claimed.event.id), claimed.fence),
    )
    if done.rowcount != 1:
        _lost(tx, "heartbeat", claimed)
    return done.rowcount == 1


def _mark(
    tx: sqlite3.Connection, claimed: Claimed, change: str, *values: object
) -> bool:
    """Change the row of *claimed* if its claim is still the newest."""
    done = tx.execute(
        f"UPDATE supervisor_inbox SET {change}, owner = NULL,"  # noqa: S608
        f" lease_until = NULL{_MINE}",
        (*values, plain(claimed.event.id), claimed.fence),
    )
    if done.rowcount != 1:
        _lost(tx, "claimed_update", claimed)
    return done.rowcount == 1


def _lost(tx: sqlite3.Connection, what: str, claimed: Claimed) -> None:
    """Write down that a processor came too late."""
    event = claimed.event
    totals.refused(tx, what, _QUEUE, event.subject, "processor", claimed.fence)
