"""The store's file: whose it is, who may write, and what is undone."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from store_rows import NOW, put, refusal

from agent2.store import meta, migrations, schema
from agent2.store.database import Database, StoreError

ROOT = Path(__file__).parents[2]


def mode(path):
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.parametrize("mask", [0o000, 0o077, 0o777])
def test_all_its_files_are_for_its_user_alone(tmp_path, path, mask):
    old = os.umask(mask)
    try:
        db = Database.open(path)
        put(db, "k")
        names = sorted(os.listdir(tmp_path))
        modes = {name: mode(tmp_path / name) for name in names}
        db.close()
    finally:
        os.umask(old)
    assert names == ["agent2.db", "agent2.db-shm", "agent2.db-wal", "agent2.db.lock"]
    assert set(modes.values()) == {0o600}


def test_a_file_that_was_opened_to_others_is_closed_again(path, db):
    put(db, "k")
    for side in ("", "-wal", "-shm"):
        os.chmod(path + side, 0o666)
    other = Database.open(path)
    assert {mode(path + side) for side in ("", "-wal", "-shm", ".lock")} == {0o600}
    other.close()


def test_what_was_written_is_there_after_opening_again(path):
    db = Database.open(path)
    put(db, "k", "v")
    db.close()
    db = Database.open(path, create=False)
    assert meta.get(db, "k") == "v"
    db.close()


def test_it_is_set_up_for_commits_that_last_and_little_memory(db):
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "wal_autocheckpoint": 0,
        "busy_timeout": 5000,
        "cache_size": -256,
        "temp_store": 2,
        "user_version": len(migrations.SCRIPTS),
        "application_id": migrations.APPLICATION_ID,
    }
    assert {k: db.rows(f"PRAGMA {k}")[0][0] for k in wanted} == wanted


def test_a_reader_does_not_make_a_store(tmp_path, path):
    assert refusal(path, create=False) == "io"
    assert os.listdir(tmp_path) == []


def test_a_missing_folder_is_refused(tmp_path):
    assert refusal(str(tmp_path / "no" / "agent2.db")) == "io"


def test_a_link_is_not_followed(tmp_path, path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"")
    os.symlink(victim, path)
    assert refusal(path) == "readonly"
    assert victim.read_bytes() == b""


def test_a_dangling_link_is_not_followed(tmp_path, path):
    os.symlink(tmp_path / "victim", path)
    assert refusal(path) == "readonly"
    assert not (tmp_path / "victim").exists()


@pytest.mark.parametrize("side", ["-wal", "-shm"])
def test_a_link_beside_it_is_not_followed(tmp_path, path, side):
    victim = tmp_path / "victim"
    victim.write_bytes(b"text")
    victim.chmod(0o644)
    Database.open(path).close()
    os.symlink(victim, path + side)
    assert refusal(path) == "readonly"
    assert (victim.read_bytes(), mode(victim)) == (b"text", 0o644)


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path, path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"text")
    victim.chmod(0o644)
    os.symlink(victim, path + ".lock")
    with pytest.raises(StoreError):
        Database.open(path)
    assert (victim.read_bytes(), mode(victim)) == (b"text", 0o644)


def test_a_pipe_or_a_folder_is_not_a_store(tmp_path, path):
    os.mkfifo(path)
    assert refusal(path) == "readonly"
    os.unlink(path)
    os.mkdir(path)
    assert refusal(path) == "readonly"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another's file")
def test_the_file_of_another_user_is_refused(path):
    Database.open(path).close()
    os.chown(path, 12345, -1)
    assert refusal(path) == "readonly"


def test_the_sqlite_file_of_another_program_is_refused_and_kept(path):
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    before = Path(path).read_bytes()
    assert refusal(path) == "io"
    with pytest.raises(StoreError):
        Database.open_or_replace(path, NOW)
    assert Path(path).read_bytes() == before


def test_a_newer_store_is_refused_and_kept(path):
    Database.open(path).close()
    newer = sqlite3.connect(path)
    newer.execute(f"PRAGMA user_version = {len(migrations.SCRIPTS) + 1}")
    newer.close()
    assert refusal(path) == "newer"
    with pytest.raises(StoreError) as caught:
        Database.open_or_replace(path, NOW)
    assert caught.value.kind == "newer"


def test_the_tables_of_the_plan_are_there(db):
    made = {row[0] for row in db.rows("SELECT name FROM sqlite_master")}
    assert made >= schema.TABLES


def test_a_new_store_is_known_without_the_scripts_that_made_it(db):
    found = db.rows("SELECT name, sql FROM sqlite_master")
    tables = {n for n, sql in found if str(sql).startswith("CREATE TABLE")}
    assert tables - {"sqlite_sequence"} == schema.TABLES
    assert len(migrations.SCRIPTS) == schema.VERSION
    assert schema.sum_of(found) == schema.SUM, "the new SUM of store/schema.py"


def test_a_later_script_is_applied_to_an_older_file(path):
    Database.open(path).close()
    later = (*migrations.SCRIPTS, ("CREATE TABLE inbox (a)", "CREATE TABLE audits (b)"))
    connection = sqlite3.connect(path, isolation_level=None)
    migrations.migrate(connection, len(migrations.SCRIPTS), later)
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    assert version == len(later)
    assert connection.execute("SELECT * FROM inbox, audits").fetchall() == []
    connection.close()


def test_a_script_that_fails_leaves_the_version_before_it(path):
    Database.open(path).close()
    later = (*migrations.SCRIPTS, ("CREATE TABLE inbox (a)", "CREATE TABLE inbox (b)"))
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrations.migrate(connection, len(migrations.SCRIPTS), later)
    connection.close()
    db = Database.open(path)
    assert not db.rows("SELECT 1 FROM sqlite_master WHERE name = 'inbox'")
    db.close()


# transactions


def test_an_error_inside_undoes_all_of_it(db):
    with pytest.raises(KeyboardInterrupt), db.transaction() as tx:
        meta.put(tx, "k", "v")
        raise KeyboardInterrupt
    assert meta.get(db, "k") is None
    put(db, "k", "later")
    assert meta.get(db, "k") == "later"


def test_a_wrong_statement_is_a_store_error_and_undoes_all(db):
    with pytest.raises(StoreError), db.transaction() as tx:
        meta.put(tx, "k", "v")
        tx.execute("INSERT INTO meta VALUES ('k', 'twice')")
    with pytest.raises(StoreError):
        db.rows("SELECT * FROM nowhere")
    assert meta.get(db, "k") is None


def test_a_transaction_inside_a_transaction_is_a_mistake(db):
    with db.transaction() as tx:
        meta.put(tx, "k", "v")
        with pytest.raises(RuntimeError), db.transaction():
            pass
        meta.put(tx, "l", "v")
    assert (meta.get(db, "k"), meta.get(db, "l")) == ("v", "v")


def test_a_transaction_reads_what_it_wrote(db):
    with db.transaction() as tx:
        meta.put(tx, "k", "v")
        assert meta.get(db, "k") == "v"


def test_nobody_reads_what_is_not_committed(path, db):
    other = Database.open(path)
    with db.transaction() as tx:
        meta.put(tx, "k", "v")
        assert meta.get(other, "k") is None
    assert meta.get(other, "k") == "v"
    other.close()


def test_threads_that_share_it_take_turns(db):
    put(db, "n", "0")

    def count():
        for _ in range(50):
            with db.transaction() as tx:
                (n,) = tx.execute("SELECT value FROM meta WHERE key = 'n'").fetchone()
                meta.put(tx, "n", str(int(n) + 1))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert meta.get(db, "n") == "200"


def test_after_closing_everything_is_a_store_error(path):
    db = Database.open(path)
    db.close()
    db.close()
    with pytest.raises(StoreError):
        db.rows("SELECT 1")
    with pytest.raises(StoreError), db.transaction():
        pass
    with pytest.raises(StoreError):
        db.checkpoint()


def test_closing_leaves_one_whole_file(tmp_path, path):
    db = Database.open(path)
    put(db, "k")
    db.close()
    assert sorted(os.listdir(tmp_path)) == ["agent2.db", "agent2.db.lock"]
