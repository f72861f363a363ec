"""Incidents: what went wrong with a target, from when to when."""

from __future__ import annotations

from agent2.core.model import Severity
from agent2.core.value import value
from agent2.store.codec import member, plain
from agent2.store.rows import cells, insert, reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.core.effects import OpenIncident, ResolveIncident
    from agent2.store.database import Database


@value
class Incident:
    """One incident of one target.

    Attributes:
        opened_at, resolved_at: Steady epoch seconds; None while it is open.
        reason: The facet that was to blame (``process``, ``port``, ``health``).
        acked_at, acked_by, acked_why: Who has acknowledged it: wall epoch seconds.
        alerts: Deliveries queued for it (one per alert and notifier) ...
        delivered, pending, dead: ... and how they stand.
    """

    id: str
    target: str
    severity: Severity
    opened_at: float
    resolved_at: float | None
    reason: str
    code: str
    detail: str
    alerts: int = 0
    delivered: int = 0
    pending: int = 0
    dead: int = 0
    acked_at: float | None = None
    acked_by: str = ""
    acked_why: str = ""


_SELECT = """SELECT id, target, severity, opened_at, resolved_at, reason, code, detail,
    (SELECT count(*) FROM deliveries d WHERE d.incident = i.id),
    (SELECT count(*) FROM deliveries d WHERE d.incident = i.id
        AND d.state = 'delivered'),
    (SELECT count(*) FROM deliveries d WHERE d.incident = i.id
        AND d.state IN ('pending', 'sending')),
    (SELECT count(*) FROM deliveries d WHERE d.incident = i.id AND d.state = 'dead'),
    acked_at, acked_by, acked_why
    FROM incidents i """

_incident = reader(
    Incident, severity=lambda text: member(Severity, text, Severity.CRITICAL)
)
_OPENED = "id, target, severity, opened_at, reason, code, detail"
_INSERT = insert("incidents", _OPENED)


def open_incident(tx: sqlite3.Connection, effect: OpenIncident) -> bool:
    """Write a new incident down; False if it is known already (a replay)."""
    row = cells(
        effect.incident,
        effect.target,
        effect.severity,
        effect.at,
        effect.facet,
        effect.code,
        effect.detail,
    )
    done = tx.execute(_INSERT, row)
    return done.rowcount == 1


def resolve(tx: sqlite3.Connection, effect: ResolveIncident) -> bool:
    """Close an incident; False if it is unknown or closed already."""
    done = tx.execute(
        "UPDATE incidents SET resolved_at = ? WHERE id = ? AND resolved_at IS NULL",
        (effect.at, plain(effect.incident)),
    )
    return done.rowcount == 1


def worsen(tx: sqlite3.Connection, incident: str, severity: Severity) -> None:
    """Let an incident be as loud as it has become; nobody has acknowledged that."""
    tx.execute(
        "UPDATE incidents SET severity = ?, acked_at = NULL, acked_by = '',"
        " acked_why = '' WHERE id = ?",
        (severity.value, plain(incident)),
    )


def ack(
    tx: sqlite3.Connection, incident: str, at: float | None, who: str, why: str
) -> bool:
    """Acknowledge an open incident, or take that back (*at* None); False if it cannot.

    It cannot be taken back where it was not given.
    """
    done = tx.execute(
        "UPDATE incidents SET acked_at = ?1, acked_by = ?2, acked_why = ?3"
        " WHERE id = ?4 AND resolved_at IS NULL"
        " AND (?1 IS NOT NULL OR acked_at IS NOT NULL)",
        (at, plain(who), plain(why), plain(incident)),
    )
    return done.rowcount == 1


def open_ones(db: Database) -> list[Incident]:
    """Return the incidents that are open, oldest first."""
    rows = db.rows(_SELECT + "WHERE resolved_at IS NULL ORDER BY opened_at, id")
    return [_incident(row) for row in rows]


def latest(
    db: Database,
    limit: int = 50,
    target: str | None = None,
    *,
    only_open: bool = False,
    after: str | None = None,
) -> list[Incident]:
    """Return the newest incidents (of *target*), newest first.

    *after* is the id of the last one on the page before; if it is not known any more
    nothing comes after it.
    """
    rows = db.rows(
        _SELECT + "WHERE (?1 IS NULL OR target = ?1)"  # noqa: S608
        " AND (?2 = 0 OR resolved_at IS NULL)"
        " AND (?3 IS NULL OR EXISTS (SELECT 1 FROM incidents AS p WHERE p.id = ?3"
        " AND (i.opened_at, p.id) < (p.opened_at, i.id)))"
        " ORDER BY opened_at DESC, id LIMIT ?4",
        (target, only_open, after, limit),
    )
    return [_incident(row) for row in rows]


def get(db: Database, incident: str) -> Incident | None:
    """Return one incident by its id."""
    rows = db.rows(_SELECT + "WHERE id = ?", (incident,))
    return _incident(rows[0]) if rows else None
