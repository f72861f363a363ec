"""Whose turn it is in the inbox: when the next event is due, whose claims are void."""

from __future__ import annotations

from agent2.core.rulings import AUDIT_ERROR
from agent2.store import audits, utc
from agent2.store.codec import count
from agent2.store.events import ABSURD_S, DUE, EVENT, OPEN, event_of
from agent2.store.freed import void

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.events import Event
    from agent2.store.database import Database

# Deaths over one event that are no chance any more. The first may have been meant for
# any other of its batch, and a machine may be killed twice.
MOST = 5
# The number in the text is that of the partial index.
_DEADLY = f"""SELECT seq, claims, {EVENT}
    FROM supervisor_inbox INDEXED BY supervisor_inbox_suspects
    WHERE claims >= 2 AND claims >= :most AND {OPEN} AND {DUE}"""  # noqa: S608


def next_due(db: Database) -> float | None:
    """Return when the next event is due, epoch seconds (0: now); None: never."""
    sql = f"""SELECT min(CASE WHEN status = 'processing' THEN lease_until
            ELSE coalesce(next_at, '') END)
        FROM supervisor_inbox INDEXED BY supervisor_inbox_queue WHERE {OPEN}"""  # noqa: S608
    found = db.rows(sql)[0][0]
    return None if found is None else utc.seconds(found) or 0.0


def give_back(db: Database, owner: str, now: float) -> int:
    """Give back what processors are said to hold whose name begins with *owner*.

    For the one that knows that none of them lives. Returns how many events it were.
    """
    where = "status = 'processing' AND owner GLOB :owner"
    return void(db, where, {"owner": f"{owner}*"}, now)


def bury(db: Database, now: float, most: int = MOST) -> list[tuple[Event, str]]:
    """Make dead letters of the events over which *most* processors died; say why.

    Each has a line of the audit. Returns them with the reason.
    """
    params = {
        "now": utc.text(now),
        "absurd": utc.text(now + ABSURD_S),
        "most": most,
    }
    if not db.rows(_DEADLY, params):
        return []
    with db.transaction() as tx:
        rows = tx.execute(_DEADLY, params).fetchall()
        buried = [(event_of(row[2:]), _why(row[1])) for row in rows]
        for (number, *_), (event, why) in zip(rows, buried, strict=True):
            tx.execute(
                "UPDATE supervisor_inbox SET status = 'failed', processed_at = ?,"
                " error_message = ?, next_at = NULL, owner = NULL, lease_until = NULL,"
                " retry_count = retry_count + 1, claims = 0 WHERE seq = ?",
                (utc.text(now), why, number),
            )
            kind, level = AUDIT_ERROR
            told = {"decision_type": "error", "error": why, "event_type": event.type}
            audits.append(tx, event.subject, level, kind, told, now, event.id)
    return buried


def _why(deaths: object) -> str:
    return f"its processor died {count(deaths)} times while it ran"
