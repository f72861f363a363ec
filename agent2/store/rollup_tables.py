"""The tables of the rolled-up history. Every program loads this: no more of it here."""

from __future__ import annotations

_COLUMNS = """
    target TEXT NOT NULL,
    at INTEGER NOT NULL,
    good INTEGER NOT NULL,
    degraded INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    up_ms INTEGER NOT NULL,
    degraded_ms INTEGER NOT NULL,
    down_ms INTEGER NOT NULL,
    answers INTEGER NOT NULL,
    sum_us INTEGER NOT NULL,
    min_us INTEGER,
    max_us INTEGER,
    spread BLOB,
    first_ms INTEGER,
    last_ms INTEGER,
    PRIMARY KEY (target, at)
"""
# *until*: the buckets are right up to there, the rest is in the raw rows; *aim*: how
# far a roll-up is going; *late*: the oldest row that came behind it; *pruned*: raw
# rows from before are gone, so their buckets can never be made again.
SCRIPT = (
    f"CREATE TABLE history_minute ({_COLUMNS}) WITHOUT ROWID",
    f"CREATE TABLE history_hour ({_COLUMNS}) WITHOUT ROWID",
    """CREATE TABLE history_rolled (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        until REAL,
        aim REAL,
        late REAL,
        pruned REAL
    )""",
    "INSERT INTO history_rolled (id) VALUES (1)",
)
