"""The tables, as numbered scripts under ``PRAGMA user_version``.

Script N takes a file from version N-1 to N in one transaction. A script that was
released is never changed: what comes later is a new script at the end. Times are
REAL steady epoch seconds.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x41677432  # "Agt2": tells our file from any other SQLite file

_FIRST = (
    """CREATE TABLE meta (
        key TEXT PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE targets (
        name TEXT PRIMARY KEY,
        state TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE incidents (
        id TEXT PRIMARY KEY,
        target TEXT NOT NULL,
        severity TEXT NOT NULL,
        opened_at REAL NOT NULL,
        resolved_at REAL,
        reason TEXT NOT NULL,
        code TEXT NOT NULL,
        detail TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX incidents_by_time ON incidents (opened_at)",
    "CREATE INDEX incidents_open ON incidents (opened_at) WHERE resolved_at IS NULL",
    """CREATE TABLE deliveries (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        notifier TEXT NOT NULL,
        incident TEXT NOT NULL,
        alert TEXT NOT NULL,
        created_at REAL NOT NULL,
        next_at REAL NOT NULL,
        state TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        fence INTEGER NOT NULL DEFAULT 0,
        ambiguous INTEGER NOT NULL DEFAULT 0,
        cause TEXT,
        detail TEXT NOT NULL DEFAULT '',
        receipt TEXT NOT NULL DEFAULT '',
        owner TEXT,
        lease_until REAL,
        failed_at REAL,
        finished_at REAL
    )""",
    """CREATE INDEX deliveries_queue ON deliveries (seq)
        WHERE state IN ('pending', 'sending')""",
    """CREATE INDEX deliveries_group ON deliveries (notifier, incident, seq)
        WHERE state IN ('pending', 'sending')""",
    """CREATE INDEX deliveries_count
        ON deliveries (notifier, state, created_at, finished_at)""",
    """CREATE INDEX deliveries_failed ON deliveries (notifier, failed_at)
        WHERE failed_at IS NOT NULL""",
    "CREATE INDEX deliveries_incident ON deliveries (incident, state)",
    """CREATE TABLE journal (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        kind TEXT NOT NULL,
        target TEXT,
        incident TEXT,
        body TEXT NOT NULL
    )""",
    """CREATE INDEX journal_incident ON journal (incident, seq)
        WHERE incident IS NOT NULL""",
    """CREATE TABLE actions (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        target TEXT NOT NULL,
        incident TEXT,
        attempt INTEGER NOT NULL,
        kind TEXT NOT NULL,
        issue TEXT NOT NULL,
        label TEXT NOT NULL,
        result TEXT NOT NULL,
        reason TEXT NOT NULL,
        code TEXT NOT NULL,
        detail TEXT NOT NULL,
        planned_at REAL NOT NULL,
        done_at REAL,
        hidden INTEGER NOT NULL DEFAULT 0
    )""",
    "CREATE INDEX actions_planned ON actions (seq) WHERE result = 'planned'",
    """CREATE TABLE history_raw (
        target TEXT NOT NULL,
        at REAL NOT NULL,
        verdict TEXT NOT NULL,
        code TEXT NOT NULL,
        response_s REAL,
        PRIMARY KEY (target, at)
    ) WITHOUT ROWID""",
)

SCRIPTS: tuple[tuple[str, ...], ...] = (_FIRST,)

TABLES = frozenset(
    {
        "meta",
        "targets",
        "incidents",
        "deliveries",
        "journal",
        "actions",
        "history_raw",
    }
)


def migrate(
    connection: sqlite3.Connection,
    version: int,
    scripts: tuple[tuple[str, ...], ...] = SCRIPTS,
) -> None:
    """Take a file of *version* to the newest; the caller holds the write lock.

    Each script is one transaction with its number, so a kill leaves a whole version.
    """
    for number in range(version, len(scripts)):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in scripts[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {number + 1}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
