"""The inbox as people and metrics read it; nothing here changes a row."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import utc
from agent2.store.codec import count, plain
from agent2.store.events import EVENT, event_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from typing import Any

    from agent2.core.events import Event
    from agent2.store.database import Database

STATES = ("pending", "processing", "completed", "failed")
_ROW = (
    f"{EVENT}, status, processed_at, error_message, next_at, fence, owner, lease_until"
)


@value
class Backlog:
    """How many events there are in each state.

    Attributes:
        oldest_pending_s: Age of the pending event that came first; None: there is none.
    """

    pending: int
    processing: int
    failed: int
    completed: int
    oldest_pending_s: float | None = None


@value
class Row:
    """An event and how it stands; times in epoch seconds.

    Attributes:
        next_at: When a failed event is tried again; None: it is a dead letter.
        fence: How often it was claimed.
    """

    event: Event
    status: str
    received_at: float
    processed_at: float | None
    error: str
    next_at: float | None
    fence: int
    owner: str
    lease_until: float | None


def counts(db: Database, now: float, completed: int | None = None) -> Backlog:
    """Return how many events there are and how long the oldest one waits.

    Who knows how many are *completed* spares the count of them, which reads them all.
    """
    open_ones = "WHERE status IN ('pending', 'processing', 'failed')"
    rows = db.rows(
        "SELECT status, count(*) FROM supervisor_inbox"  # noqa: S608  (our own text)
        f" {'' if completed is None else open_ones} GROUP BY status"
    )
    found = {str(status): int(many) for status, many in rows}
    first = db.rows(
        "SELECT min(received_at) FROM supervisor_inbox WHERE status = 'pending'"
    )[0][0]
    since = utc.seconds(first)
    return Backlog(
        found.get("pending", 0),
        found.get("processing", 0),
        found.get("failed", 0),
        found.get("completed", 0) if completed is None else completed,
        None if since is None else max(now - since, 0.0),
    )


def processed(db: Database, since: float) -> int:
    """Return how many events were decided since then (epoch seconds)."""
    rows = db.rows(
        "SELECT count(*) FROM supervisor_inbox"
        " WHERE status = 'completed' AND processed_at >= ?",
        (utc.text(since),),
    )
    return int(rows[0][0])


def sources(db: Database, since: float) -> dict[str, int]:
    """Return how many events came in by which way since then (epoch seconds)."""
    rows = db.rows(
        "SELECT source, count(*) FROM supervisor_inbox WHERE received_at >= ?"
        " GROUP BY source ORDER BY source",
        (utc.text(since),),
    )
    return {str(name): int(many) for name, many in rows}


def slowest(db: Database, since: float) -> dict[str, Any] | None:
    """Return type and seconds of the decision that took longest since then."""
    rows = db.rows(
        "SELECT json_extract(payload, '$.event_type') AS kind,"
        " json_extract(payload, '$.took_s') AS took FROM task_audits"
        " WHERE event_type LIKE 'SUPERVISOR_%' AND created_at >= ?"
        " AND CASE WHEN json_valid(payload)"
        " THEN json_type(payload, '$.took_s') = 'real' END"
        " ORDER BY took DESC LIMIT 1",
        (utc.text(since),),
    )
    return {"event_type": str(rows[0][0]), "seconds": rows[0][1]} if rows else None


def listing(
    db: Database, status: str | None = None, subject: str | None = None, limit: int = 50
) -> list[Row]:
    """Return the newest events (in a state, of a subject), the newest first."""
    wanted = {"status": status, "subject": subject, "limit": limit}
    where = " AND ".join(
        [
            "1",
            *(["status = :status"] if status is not None else []),
            *(["task_id = :subject"] if subject is not None else []),
        ]
    )
    rows = db.rows(
        f"SELECT {_ROW} FROM supervisor_inbox WHERE {where}"  # noqa: S608
        " ORDER BY received_at DESC, seq DESC LIMIT :limit",
        wanted,
    )
    return [_row(row) for row in rows]


def get(db: Database, event_id: str) -> Row | None:
    """Return one event, or None if it is not known."""
    rows = db.rows(
        f"SELECT {_ROW} FROM supervisor_inbox WHERE event_id = ?",  # noqa: S608
        (plain(event_id),),
    )
    return _row(rows[0]) if rows else None


def prune(tx: sqlite3.Connection, before: float, limit: int = 5000) -> int:
    """Delete up to *limit* decided events that came before then; return how many."""
    done = tx.execute(
        "DELETE FROM supervisor_inbox WHERE seq IN (SELECT seq FROM supervisor_inbox"
        " WHERE status = 'completed' AND received_at < ?"
        " ORDER BY received_at LIMIT ?)",
        (utc.text(before), limit),
    )
    return done.rowcount


def _row(row: tuple[Any, ...]) -> Row:
    status, processed_at, error, next_at, fence, owner, lease = row[8:]
    return Row(
        event=event_of(row[:8]),
        status=str(status),
        received_at=utc.seconds(row[5]) or 0.0,
        processed_at=utc.seconds(processed_at),
        error=str(error or ""),
        next_at=utc.seconds(next_at),
        fence=count(fence),
        owner=str(owner or ""),
        lease_until=utc.seconds(lease),
    )
