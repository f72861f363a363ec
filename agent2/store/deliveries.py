"""A row of the outbox as a ``Delivery`` and back."""

from __future__ import annotations

from agent2.core.message import Alert, Cause, Delivery, DeliveryState
from agent2.core.model import AlertKind
from agent2.store.codec import count, member, number, pack, plain, unpack

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from typing import Any

COLUMNS = (
    "id, notifier, alert, created_at, next_at, state, seq, attempts, fence,"
    " ambiguous, cause, detail, receipt, incident"
)
# Spelled as in the partial indexes, else SQLite does not use them.
UNFINISHED = "state IN ('pending', 'sending')"


def insert(tx: sqlite3.Connection, deliveries: Iterable[Delivery]) -> int:
    """Queue *deliveries*; those whose id is known are left out. Return how many."""
    before = tx.total_changes
    tx.executemany(
        "INSERT OR IGNORE INTO deliveries"
        " (id, notifier, incident, alert, created_at, next_at, state, ambiguous)"
        " VALUES (?, ?, ?, ?, ?, ?, 'pending', ?)",
        (
            (
                plain(d.id),
                plain(d.notifier),
                plain(d.alert.incident),
                pack(d.alert),
                d.created_at,
                d.next_at,
                d.ambiguous,
            )
            for d in deliveries
        ),
    )
    return tx.total_changes - before


def from_row(row: tuple[Any, ...]) -> Delivery:
    """Return the delivery of a row of ``COLUMNS``. Never raises.

    If the alert's text was lost, one that says so stands in its place: an alert
    without its words is better than none.
    """
    made_id, notifier, incident = str(row[0]), str(row[1]), str(row[13])
    return Delivery(
        id=made_id,
        notifier=notifier,
        alert=unpack(Alert, row[2], _fallback(made_id, incident)),
        created_at=number(row[3]),
        next_at=number(row[4]),
        state=member(DeliveryState, row[5], DeliveryState.DEAD),
        seq=int(row[6]),
        attempts=count(row[7]),
        fence=count(row[8]),
        ambiguous=bool(row[9]),
        cause=None if row[10] is None else member(Cause, row[10], Cause.UNKNOWN),
        detail=str(row[11]),
        receipt=str(row[12]),
    )


def _fallback(made_id: str, incident: str) -> dict[str, Any]:
    """Return what an alert's key still tells when its text does not.

    The id is ``{incident}/{kind}/{count}/{notifier}`` (``core/alerting.py``).
    """
    alert_id = made_id.rpartition("/")[0]
    kind = alert_id.removeprefix(f"{incident}/").partition("/")[0]
    said = f"[Agent2 Alert] {alert_id} (the text of this alert was lost)"
    return {
        "id": alert_id,
        "kind": member(AlertKind, kind, AlertKind.FIRING),
        "incident": incident,
        "dedup_key": f"agent2/{incident}"[:255],
        "subject": said,
        "issue": said,
        "lines": (said,),
    }
