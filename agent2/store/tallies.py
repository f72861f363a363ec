"""What metrics count in the store as it stands; each a query or two by an index."""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import utc
from agent2.store.codec import maybe_number
from agent2.store.totals import read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

    Totals = dict[str, list[tuple[str, str, str, float]]]


@value
class Inbox:
    """Events by state; *expired*: being decided by nobody any more."""

    pending: int
    processing: int
    failed: int
    expired: int
    oldest_pending_s: float


@value
class Outbox:
    """Deliveries: due and waiting, being sent, by nobody any more."""

    due: int
    sending: int
    expired: int


_STANDING = (
    "SELECT (SELECT count(*) FROM incidents), (SELECT max(opened_at) FROM incidents),"
    " (SELECT group_concat(id || severity) FROM incidents WHERE resolved_at IS NULL)"
)
_CHECKS = "FROM totals WHERE name = 'check' ORDER BY one, two, three"
_ENDED = f"SELECT group_concat(CAST(value AS INTEGER)) FROM (SELECT value {_CHECKS})"  # noqa: S608


class Counted:
    """What only commits change, read anew when there was one.

    Attributes:
        totals: By name, rows of three words and their count; without those of checks.
        ends: Target, check and result of all checks that ever ended so.
        ended: How many did, in the same order.
        incidents: Rows of target, severity, how many, how many of them are open.
        version: Another one when any of it has changed.
    """

    __slots__ = (
        "_seen", "_stood", "ended", "ends", "incidents", "totals", "version",
    )  # fmt: skip

    def __init__(self) -> None:
        """Nothing was read yet."""
        self._seen: tuple[object, ...] = ()
        self._stood: object = None
        self.version = 0
        self.totals: Totals = {}
        self.ends: list[tuple[str, str, str]] = []
        self.ended: list[int] = []
        self.incidents: list[tuple[str, str, int, int]] = []

    def look(self, db: Database) -> None:
        """Read what has changed.

        Raises:
            StoreError: the store cannot be read.
        """
        seen = db.replaced, db.rows("PRAGMA data_version")[0][0]
        if seen == self._seen:
            return
        before = self.totals, self.ends, self.ended, self.incidents
        if self._seen[:1] != seen[:1]:
            self.ends, self._stood = [], None
        self.totals = read(db, but="check")
        # Rows of one store never go: as many as before are the same ones.
        # One text: to make a row of each takes twice as long.
        told = db.rows(_ENDED)[0][0] or ""
        self.ended = list(map(int, told.split(","))) if told else []
        if len(self.ended) != len(self.ends):
            found = db.rows(f"SELECT one, two, three, value {_CHECKS}")
            self.ends = [row[:3] for row in found]
            self.ended = [int(row[3]) for row in found]
        # Most commits begin or end no incident, and to group all of them takes long.
        stood = db.rows(_STANDING)[0]
        if stood != self._stood:
            self.incidents, self._stood = incidents(db), stood
        self.version += before != (self.totals, self.ends, self.ended, self.incidents)
        self._seen = seen


def incidents(db: Database) -> list[tuple[str, str, int, int]]:
    """Return target, severity, how many incidents, how many of them are open."""
    rows = db.rows(
        "SELECT target, severity, count(*), count(*) - count(resolved_at)"
        " FROM incidents GROUP BY target, severity"
    )
    return [(str(row[0]), str(row[1]), int(row[2]), int(row[3])) for row in rows]


def waiting(db: Database) -> dict[str, tuple[int, float | None, int]]:
    """Return per notifier: pending ones, since when the oldest waits, dead ones."""
    rows = db.rows(
        "SELECT notifier, sum(state != 'dead'),"
        " min(CASE WHEN state != 'dead' THEN created_at END), sum(state = 'dead')"
        " FROM deliveries WHERE state IN ('pending', 'sending', 'dead')"
        " GROUP BY notifier"
    )
    return {
        str(name): (int(pending), maybe_number(oldest), int(dead))
        for name, pending, oldest, dead in rows
    }


def outbox(db: Database, now: float) -> Outbox:
    """Return how many deliveries are due, being sent, without a living sender."""
    row = db.rows(
        "SELECT coalesce(sum(state = 'pending' AND next_at <= ?1), 0),"
        " coalesce(sum(state = 'sending'), 0),"
        " coalesce(sum(state = 'sending' AND lease_until <= ?1), 0)"
        " FROM deliveries WHERE state IN ('pending', 'sending')",
        (now,),
    )[0]
    return Outbox(int(row[0]), int(row[1]), int(row[2]))


def inbox(db: Database, now: float) -> Inbox:
    """Return how many events there are in each state that may grow too large."""
    rows = db.rows(
        "SELECT status, count(*), min(received_at),"
        " coalesce(sum(lease_until <= ?), 0) FROM supervisor_inbox"
        " WHERE status IN ('pending', 'processing', 'failed') GROUP BY status",
        (utc.text(now),),
    )
    found = {str(row[0]): row for row in rows}
    none = ("", 0, None, 0)
    since = utc.seconds(found.get("pending", none)[2])
    return Inbox(
        int(found.get("pending", none)[1]),
        int(found.get("processing", none)[1]),
        int(found.get("failed", none)[1]),
        int(found.get("processing", none)[3]),
        0.0 if since is None else max(now - since, 0.0),
    )
