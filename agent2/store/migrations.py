"""The tables, as numbered scripts under ``PRAGMA user_version``.

Script N takes a file from version N-1 to N in one transaction. A script that was
released is never changed: what comes later is a new script at the end, and the number,
names and sum of ``schema.py``. Times of our own tables are REAL steady epoch seconds.
"""

from __future__ import annotations

from agent2.store import executions, people_tables, rollup_tables
from agent2.store.schema import APPLICATION_ID
from agent2.store.script_totals import TOTALS

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

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

# The tables of the user's documents: their names, columns and times (text, UTC,
# ``YYYY-MM-DD HH:MM:SS.sss``, which SQLite's datetime() compares) are a contract.
_EVENTS = (
    """CREATE TABLE supervisor_inbox (
        event_id TEXT NOT NULL UNIQUE,
        task_id TEXT NOT NULL,
        event_type TEXT NOT NULL,
        source TEXT NOT NULL,
        payload TEXT NOT NULL DEFAULT '{}',
        ts TEXT NOT NULL DEFAULT '',
        received_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
        status TEXT NOT NULL DEFAULT 'pending',
        error_message TEXT,
        processed_at TEXT,
        retry_count INTEGER NOT NULL DEFAULT 0,
        next_at TEXT,
        fence INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        lease_until TEXT,
        seq INTEGER PRIMARY KEY
    )""",
    """CREATE INDEX supervisor_inbox_queue ON supervisor_inbox (seq)
        WHERE (status IN ('pending', 'processing') OR next_at IS NOT NULL)""",
    """CREATE INDEX supervisor_inbox_held ON supervisor_inbox (task_id, seq)
        WHERE status = 'processing'""",
    """CREATE INDEX idx_supervisor_inbox_status
        ON supervisor_inbox (status, received_at)""",
    """CREATE INDEX idx_supervisor_inbox_received_at
        ON supervisor_inbox (received_at)""",
    "CREATE INDEX idx_supervisor_inbox_task ON supervisor_inbox (task_id, received_at)",
    """CREATE TABLE task_audits (
        audit_id INTEGER PRIMARY KEY AUTOINCREMENT,
        task_id TEXT NOT NULL,
        level TEXT NOT NULL,
        event_type TEXT NOT NULL,
        payload TEXT,
        created_at TEXT NOT NULL,
        event_id TEXT,
        decision_id TEXT
    )""",
    "CREATE INDEX idx_task_audits_task_id ON task_audits (task_id, audit_id)",
    "CREATE INDEX idx_task_audits_event_type ON task_audits (event_type, created_at)",
    """CREATE INDEX idx_task_audits_event ON task_audits (event_id)
        WHERE event_id IS NOT NULL""",
    """CREATE UNIQUE INDEX idx_task_audits_decision ON task_audits (decision_id)
        WHERE decision_id IS NOT NULL""",
    """CREATE TABLE tasks (
        task_id TEXT PRIMARY KEY,
        status TEXT NOT NULL,
        metadata TEXT NOT NULL DEFAULT '{}',
        updated_at TEXT NOT NULL
    )""",
    """CREATE TABLE task_gates (
        task_id TEXT NOT NULL,
        gate_name TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        who TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL,
        PRIMARY KEY (task_id, gate_name)
    )""",
    """CREATE TABLE supervisor_metrics_archive (
        timestamp TEXT PRIMARY KEY,
        pending_count INTEGER NOT NULL,
        failed_count INTEGER NOT NULL,
        lag_seconds REAL NOT NULL
    )""",
    """CREATE TABLE supervisor_checkpoint (
        source TEXT PRIMARY KEY,
        position TEXT NOT NULL,
        updated_at TEXT NOT NULL
    )""",
)

# How often an event was claimed since the last claim that came to a proper end.
_DEATHS = (
    "ALTER TABLE supervisor_inbox ADD COLUMN claims INTEGER NOT NULL DEFAULT 0",
    """CREATE INDEX supervisor_inbox_suspects ON supervisor_inbox (task_id, seq)
        WHERE claims >= 2""",
)

# What checks measured, an amount for each five minutes; see series.py.
_SERIES = (
    """CREATE TABLE series (
        target TEXT NOT NULL,
        name TEXT NOT NULL,
        at INTEGER NOT NULL,
        amount REAL NOT NULL,
        PRIMARY KEY (target, name, at)
    ) WITHOUT ROWID""",
)

SCRIPTS: tuple[tuple[str, ...], ...] = (
    _FIRST,
    _EVENTS,
    _DEATHS,
    TOTALS,
    rollup_tables.SCRIPT,
    _SERIES,
    people_tables.SCRIPT,
    executions.SCRIPT,
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
