"""The tables of what people say: silences, acknowledgements, what they ask for."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.store.database import Database

# Times are wall epoch seconds, as people were promised them. An order waits for the
# watcher; its answer is a word, and what else there is to say.
SCRIPT = (
    "ALTER TABLE incidents ADD COLUMN acked_at REAL",
    "ALTER TABLE incidents ADD COLUMN acked_by TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE incidents ADD COLUMN acked_why TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE silences (
        id TEXT PRIMARY KEY,
        match TEXT NOT NULL,
        starts_at REAL NOT NULL,
        until REAL NOT NULL,
        who TEXT NOT NULL,
        why TEXT NOT NULL,
        at REAL NOT NULL,
        ended_at REAL,
        ended_by TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID""",
    """CREATE TABLE orders (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        verb TEXT NOT NULL,
        subject TEXT NOT NULL,
        why TEXT NOT NULL,
        who TEXT NOT NULL,
        at REAL NOT NULL,
        force INTEGER NOT NULL DEFAULT 0,
        state TEXT NOT NULL DEFAULT 'waiting',
        answer TEXT NOT NULL DEFAULT '',
        note TEXT NOT NULL DEFAULT '',
        done_at REAL
    )""",
    "CREATE INDEX orders_waiting ON orders (seq) WHERE state = 'waiting'",
)


def said(db: Database, now: float) -> tuple[bool, bool, bool]:
    """Return whether a silence holds, an order waits, an open incident is acknowledged.

    Most days have none of them: the watcher does not load what reads them.
    """
    (row,) = db.rows(
        "SELECT EXISTS (SELECT 1 FROM silences WHERE ended_at IS NULL AND until > ?),"
        " EXISTS (SELECT 1 FROM orders WHERE state = 'waiting'),"
        " EXISTS (SELECT 1 FROM incidents"
        " WHERE resolved_at IS NULL AND acked_at IS NOT NULL)",
        (now,),
    )
    silences, orders, acked = map(bool, row)
    return silences, orders, acked
