"""The script of the totals: counts that outlive the rows that were counted.

A trigger counts in the transaction that changes the row: no program has to think of
it, and a count can neither drift from the rows nor go back when old rows are deleted.
None fires when an incident, a delivery or a planned action is written, which is the way
from a failure to its alert: incidents are counted as they stand, and by their deletion.
"""

from __future__ import annotations


def _trigger(name: str, event: str, when: str, *counted: str) -> str:
    """Return a trigger that counts one for each of *counted* (four SQL values)."""
    body = "".join(
        f" INSERT INTO totals VALUES ({four}, 1.0)"  # noqa: S608  (our own names)
        " ON CONFLICT (name, one, two, three) DO UPDATE SET value = value + 1.0;"
        for four in counted
    )
    return f"CREATE TRIGGER {name} AFTER {event} WHEN {when} BEGIN{body} END"


# An id is ``{incident}/{kind}/{count}/{notifier}`` (core/alerting.py).
_REST = "substr({0}id, length({0}incident) + 2)"
_KIND = "substr(%s, 1, max(instr(%s, '/') - 1, 0))" % (_REST, _REST)  # noqa: UP031
_NEW = _KIND.format("NEW.")
_SENT = "OLD.state = 'sending' AND OLD.fence = NEW.fence"
_HELD = "OLD.status = 'processing' AND OLD.fence = NEW.fence"

TOTALS = (
    """CREATE TABLE totals (
        name TEXT NOT NULL,
        one TEXT NOT NULL,
        two TEXT NOT NULL,
        three TEXT NOT NULL,
        value REAL NOT NULL,
        PRIMARY KEY (name, one, two, three)
    ) WITHOUT ROWID""",
    # What was counted before there were totals.
    (
        "INSERT INTO totals SELECT 'delivery', notifier,"  # noqa: S608
        f" {_KIND.format('')}, state, count(*) FROM deliveries"
        " WHERE state IN ('delivered', 'dead', 'superseded') GROUP BY 1, 2, 3, 4"
    ),
    (
        "INSERT INTO totals SELECT 'action', target, kind, result, count(*)"
        " FROM actions WHERE result != 'planned' GROUP BY 1, 2, 3, 4"
    ),
    (
        "INSERT INTO totals SELECT 'event', status, '', '', count(*)"
        " FROM supervisor_inbox WHERE status IN ('completed', 'failed') GROUP BY 1, 2"
    ),
    # Deliveries
    _trigger(
        "totals_ended",
        "UPDATE OF state ON deliveries",
        "NEW.state IN ('delivered', 'dead', 'superseded') AND OLD.state != NEW.state",
        f"'delivery', NEW.notifier, {_NEW}, NEW.state",
    ),
    _trigger(
        "totals_tried",
        "UPDATE OF failed_at ON deliveries",
        "NEW.failed_at IS NOT NULL AND OLD.failed_at IS NOT NEW.failed_at",
        "'attempt', NEW.notifier, coalesce(NEW.cause, 'unknown'), ''",
    ),
    _trigger(
        "totals_leased",
        "UPDATE OF fence ON deliveries",
        "NEW.fence > OLD.fence",
        "'claim', 'delivery', CASE OLD.state WHEN 'sending' THEN 'reclaimed'"
        " ELSE 'fresh' END, ''",
    ),
    _trigger(
        "totals_renewed",
        "UPDATE OF lease_until ON deliveries",
        f"{_SENT} AND NEW.state = 'sending' AND NEW.lease_until > OLD.lease_until",
        "'heartbeat', 'delivery', 'success', ''",
    ),
    _trigger(
        "totals_marked",
        "UPDATE OF state ON deliveries",
        f"{_SENT} AND NEW.state != 'sending'",
        "'claimed_update', 'delivery', CASE WHEN NEW.attempts < OLD.attempts"
        " THEN 'released' ELSE 'success' END, ''",
    ),
    # Events
    _trigger(
        "totals_decided",
        "UPDATE OF status ON supervisor_inbox",
        "NEW.status IN ('completed', 'failed') AND OLD.status != NEW.status",
        "'event', NEW.status, '', ''",
    ),
    _trigger(
        "totals_claimed",
        "UPDATE OF fence ON supervisor_inbox",
        "NEW.fence > OLD.fence",
        "'claim', 'event', CASE WHEN OLD.claims > 0 THEN 'reclaimed'"
        " ELSE 'fresh' END, ''",
    ),
    _trigger(
        "totals_held",
        "UPDATE OF lease_until ON supervisor_inbox",
        f"{_HELD} AND NEW.status = 'processing' AND NEW.lease_until > OLD.lease_until",
        "'heartbeat', 'event', 'success', ''",
    ),
    _trigger(
        "totals_given",
        "UPDATE OF status ON supervisor_inbox",
        f"{_HELD} AND NEW.status != 'processing'",
        "'claimed_update', 'event', CASE WHEN NEW.status != 'pending' THEN 'success'"
        " WHEN NEW.claims < OLD.claims THEN 'released' ELSE 'expired' END, ''",
    ),
    # Actions and incidents
    _trigger(
        "totals_acted",
        "UPDATE OF result ON actions",
        "OLD.result != NEW.result",
        "'action', NEW.target, NEW.kind, NEW.result",
    ),
    _trigger(
        "totals_warned",
        "INSERT ON actions",
        "NEW.result != 'planned'",
        "'action', NEW.target, NEW.kind, NEW.result",
    ),
    _trigger(
        "totals_forgotten",
        "DELETE ON incidents",
        "1",
        "'incident', OLD.target, OLD.severity, ''",
    ),
)
