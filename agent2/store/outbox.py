"""The outbox: what people must still be told, and who is telling it just now.

A row goes PENDING -> SENDING (leased) -> DELIVERED, DEAD or SUPERSEDED. This is the
front of the room: queue and put away here, ``leases.py`` sends, ``outbox_view.py``
looks, ``pauses.py`` lets a receiver rest.
"""

from __future__ import annotations

from agent2.store.codec import dump, plain
from agent2.store.deliveries import insert
from agent2.store.outbox_view import (
    NotifierCount,
    counts,
    get,
    listing,
    next_due,
    of_incident,
    pending_group,
)
from agent2.store.pauses import pause, paused

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from typing import Any

    from agent2.core.message import Delivery
    from agent2.store.database import Database
    from agent2.store.leases import (
        borrow,
        confirm,
        delivered,
        failed,
        lease,
        release,
        renew,
        take_over,
    )
else:

    def __getattr__(name: str) -> Any:
        """Load who sends where somebody does: the watcher never."""
        from agent2.store import leases

        if name not in __all__:
            raise AttributeError(name)
        return getattr(leases, name)


__all__ = [
    "NotifierCount",
    "add",
    "borrow",
    "confirm",
    "counts",
    "delivered",
    "drop",
    "failed",
    "get",
    "lease",
    "listing",
    "next_due",
    "of_incident",
    "pause",
    "paused",
    "pending_group",
    "prune",
    "release",
    "renew",
    "retry",
    "superseded",
    "take_over",
    "told",
]


def add(tx: sqlite3.Connection, deliveries: Iterable[Delivery]) -> int:
    """Queue *deliveries*; a known id is left out (a replay). Return how many."""
    return insert(tx, deliveries)


def superseded(
    db: Database,
    ids: Iterable[str],
    why: str,
    now: float,
    *,
    holding: Delivery | None = None,
) -> int:
    """Mark rows as not needed any more, with the reason; return how many.

    Only rows that nobody is sending; and the one that the caller holds (*holding*).
    """
    known = list(ids)
    mine = holding if holding is not None and holding.id in known else None
    with db.transaction() as tx:
        done = tx.execute(
            "UPDATE deliveries SET state = 'superseded', detail = ?, finished_at = ?,"
            " owner = NULL WHERE"
            " (state = 'pending' AND id IN (SELECT value FROM json_each(?)))"
            " OR (state = 'sending' AND seq = ? AND fence = ?)",
            (
                plain(why),
                now,
                dump(known),
                mine.seq if mine else None,
                mine.fence if mine else None,
            ),
        )
        return done.rowcount


def retry(db: Database, ids: Iterable[str] | None, now: float) -> int:
    """Queue dead rows (all, or those of *ids*) again, due at once, with a new age."""
    chosen = None if ids is None else dump(list(ids))
    with db.transaction() as tx:
        done = tx.execute(
            "UPDATE deliveries SET state = 'pending', created_at = ?1, next_at = ?1,"
            " finished_at = NULL WHERE state = 'dead'"
            " AND (?2 IS NULL OR id IN (SELECT value FROM json_each(?2)))",
            (now, chosen),
        )
        return done.rowcount


def drop(db: Database, ids: Iterable[str], now: float) -> int:
    """Give up the rows *ids* (dead or waiting) by hand; they stay in the record."""
    with db.transaction() as tx:
        done = tx.execute(
            "UPDATE deliveries SET state = 'superseded', detail = 'dropped by hand',"
            " finished_at = ? WHERE state IN ('pending', 'dead')"
            " AND id IN (SELECT value FROM json_each(?))",
            (now, dump(list(ids))),
        )
        return done.rowcount


def told(tx: sqlite3.Connection, incident: str) -> frozenset[str]:
    """Return the notifiers that were, may have been or will be told of *incident*.

    Its recovery is owed to these. Not to one whose rows all died or were dropped.
    """
    rows = tx.execute(
        "SELECT DISTINCT notifier FROM deliveries WHERE incident = ? AND (ambiguous"
        " OR state IN ('pending', 'sending', 'delivered'))",
        (plain(incident),),
    )
    return frozenset(str(notifier) for (notifier,) in rows)


def prune(tx: sqlite3.Connection, before: float) -> int:
    """Delete rows that were delivered or superseded before *before*; return the sum.

    Those of a condition that still lasts stay: ``told`` needs them at its end.
    """
    done = tx.execute(
        "DELETE FROM deliveries WHERE state IN ('delivered', 'superseded')"
        " AND finished_at < ? AND NOT EXISTS (SELECT 1 FROM incidents AS i"
        " WHERE i.id = incident AND i.resolved_at IS NULL)"
        " AND NOT EXISTS (SELECT 1 FROM targets AS t WHERE CASE"
        " WHEN json_valid(t.state) THEN incident IN (json_extract(t.state,"
        " '$.incident'), json_extract(t.state, '$.warning'),"
        " json_extract(t.state, '$.flap')) END)",
        (before,),
    )
    return done.rowcount
