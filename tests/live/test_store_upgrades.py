"""A store of every earlier version becomes one of this version, and keeps its rows."""

from __future__ import annotations

import sqlite3

import pytest

from agent2.store import migrations, schema
from agent2.store.database import Database

TABLES = (
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
)
WORDS = {"REAL": 1.5, "INTEGER": 1}


def filled(path, version):
    """Make a store of *version* with a row in each table; return the rows by table."""
    old = sqlite3.connect(path, isolation_level=None)
    migrations.migrate(old, 0, migrations.SCRIPTS[:version])
    rows = {}
    for (table,) in old.execute(TABLES).fetchall():
        columns = old.execute(f'PRAGMA table_info("{table}")').fetchall()
        if table == "totals":
            continue  # its triggers count what is put into the others
        values = [WORDS.get(kind, "{}") for _, _, kind, *_ in columns]
        marks = ",".join("?" * len(values))
        old.execute(f'INSERT OR IGNORE INTO "{table}" VALUES ({marks})', values)
        names = ", ".join(f'"{name}"' for _, name, *_ in columns)
        rows[table] = names, old.execute(f'SELECT {names} FROM "{table}"').fetchall()
    old.close()
    return rows


@pytest.mark.parametrize("version", range(1, schema.VERSION + 1))
def test_a_store_of_each_earlier_version_keeps_all_its_rows(path, version):
    before = filled(path, version)
    assert {"meta", "incidents", "deliveries", "journal"} <= set(before)

    db = Database.open(path)

    assert db.rows("PRAGMA user_version") == [(schema.VERSION,)]
    assert schema.sum_of(db.rows("SELECT name, sql FROM sqlite_master")) == schema.SUM
    for table, (names, rows) in before.items():
        assert db.rows(f'SELECT {names} FROM "{table}"') == rows, table
    assert db.quick_check() is None
    db.close()
