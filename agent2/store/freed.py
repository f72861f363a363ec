"""How events of the inbox get free again when nobody marks them.

Their processor is gone (its lease ended, or it is known to be dead), or a person asks
for those that failed to be tried once more.
"""

from __future__ import annotations

from agent2.store import utc
from agent2.store.codec import dump
from agent2.store.events import ABSURD_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from agent2.store.database import Database

_WAITS = 3  # 1, 2, 4 seconds; who died as often as ``turns.MOST`` is not asked again


def recover(db: Database, now: float, stuck_s: float = 300.0) -> int:
    """Give back the events whose processor is gone; return how many.

    Those are the ones whose lease has ended and the ones that somebody marked as
    processing without a lease more than *stuck_s* seconds ago.
    """
    params = {
        "now": utc.text(now),
        "absurd": utc.text(now + ABSURD_S),
        "stuck": utc.text(now - stuck_s),
    }
    where = """status = 'processing' AND (lease_until <= :now OR lease_until > :absurd
        OR lease_until IS NULL AND received_at < :stuck)"""
    return void(db, where, params, now)


def void(db: Database, where: str, params: dict[str, Any], now: float) -> int:
    """Make pending again what *where* (our own SQL) finds; return how many it were.

    An event that was claimed alone waits a while, longer each time, and its subject
    with it: the others go on.
    """
    if not db.rows(f"SELECT 1 FROM supervisor_inbox WHERE {where} LIMIT 1", params):  # noqa: S608
        return 0  # the usual answer costs no write
    waits = {f"after{n}": utc.text(now + 2.0**n) for n in range(_WAITS)}
    later = " ".join(f"WHEN {n + 2} THEN :after{n}" for n in range(_WAITS))
    with db.transaction() as tx:
        return tx.execute(
            "UPDATE supervisor_inbox SET status = 'pending', owner = NULL,"  # noqa: S608
            f" lease_until = NULL, next_at = CASE claims {later} END WHERE {where}",
            params | waits,
        ).rowcount


def retry(db: Database, ids: Iterable[str] | None = None) -> int:
    """Let the failed events among *ids* (None: all) be tried again; return how many."""
    change = (
        "UPDATE supervisor_inbox SET status = 'pending', next_at = NULL,"
        " retry_count = 0, claims = 0 WHERE status = 'failed'"
    )
    with db.transaction() as tx:
        if ids is None:
            return tx.execute(change).rowcount
        wanted = dump([str(one) for one in ids])
        return tx.execute(
            f"{change} AND event_id IN (SELECT value FROM json_each(?))",  # noqa: S608
            (wanted,),
        ).rowcount
