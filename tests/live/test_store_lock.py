"""One lock for all who write; forks and removed files do not break it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from store_rows import NOW, put

from agent2.store import meta
from agent2.store.database import Database, StoreError
from agent2.store.lock import FileLock

ROOT = Path(__file__).parents[2]


CALLS = {
    "write": lambda db: put(db, "k", "new"),
    "checkpoint": lambda db: db.checkpoint(),
    "open": lambda db: Database.open(db.path),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_who_writes_waits_for_the_lock_and_who_reads_does_not(path, db, call):
    put(db, "k", "old")
    reader = Database.open(path)
    holder = FileLock(path + ".lock")
    holder.acquire()
    done, made = threading.Event(), []
    thread = threading.Thread(target=lambda: (made.append(call(db)), done.set()))
    thread.start()
    assert not done.wait(0.05), "it did not wait"
    assert meta.get(reader, "k") == "old"
    holder.release()
    assert done.wait(60)
    thread.join()
    for one in (reader, holder, *filter(None, made)):
        one.close()


def test_the_lock_is_not_waited_for_for_ever(path):
    holder, other = FileLock(path), FileLock(path)
    holder.acquire()
    with pytest.raises(StoreError) as caught:
        other.acquire(0.02)
    assert caught.value.kind == "locked"
    holder.release()
    other.acquire(0.02)
    for lock in (holder, other):
        lock.close()


def test_a_transaction_gives_the_lock_back_however_it_ends(path, db):
    probe = FileLock(path + ".lock")

    def free():
        probe.acquire(0.01)
        probe.release()

    put(db, "k")
    free()
    with pytest.raises(KeyError), db.transaction():
        raise KeyError
    free()
    with pytest.raises(StoreError), db.transaction() as tx:
        tx.execute("nonsense")
    free()
    db.checkpoint()
    free()
    db.rows("PRAGMA busy_timeout = 0")
    rude = sqlite3.connect(path, isolation_level=None)
    rude.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as caught, db.transaction():
        pass
    assert caught.value.kind == "locked"
    free()
    rude.close()
    put(db, "k")
    probe.close()


def test_a_lock_file_that_was_removed_is_no_lock(path):
    holder, other = FileLock(path), FileLock(path)
    holder.acquire()
    holder.release()
    os.unlink(path)
    other.acquire()
    with pytest.raises(StoreError):
        holder.acquire(0.02)
    for lock in (holder, other):
        lock.close()


def test_the_lock_of_a_killed_program_is_free(path):
    script = (
        "import sys, time; from agent2.store.lock import FileLock\n"
        "FileLock(sys.argv[1]).acquire(); print('held', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, path], cwd=ROOT, stdout=subprocess.PIPE
    )
    lock = FileLock(path)
    try:
        assert child.stdout.readline() == b"held\n"
        with pytest.raises(StoreError):
            lock.acquire(0.01)
    finally:
        child.kill()
        child.wait()
        child.stdout.close()
    lock.acquire(5)
    lock.close()


def in_fork(call):
    """Run *call* in a fork; return its exit status (0: it returned True)."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(20)
            status = 0 if call() else 2
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_a_fork_has_a_connection_of_its_own(db):
    put(db, "k", "parent")
    parents = db._connection

    def child():
        put(db, "c", "child")
        return meta.get(db, "k") == "parent" and db._connection is not parents

    assert in_fork(child) == 0
    assert meta.get(db, "c") == "child"
    put(db, "k", "still")
    assert db.quick_check() is None


def test_a_fork_does_not_share_the_lock_of_its_parent(db):
    with db.transaction() as tx:
        meta.put(tx, "k", "v")

        def child():
            lock = FileLock(db.path + ".lock")
            for one in (db._lock, lock):
                try:
                    one.acquire(0.01)
                except StoreError:
                    continue
                return False
            return True

        assert in_fork(child) == 0
    assert meta.get(db, "k") == "v"


def test_a_fork_that_closes_leaves_the_parents_file_alone(db):
    put(db, "k", "v")
    assert in_fork(lambda: db.close() is None) == 0
    assert os.path.exists(db.path + "-wal")
    put(db, "l", "v")
    assert db.quick_check() is None


@pytest.mark.parametrize("sides", [("",), ("", "-wal", "-shm"), ("", ".lock")])
def test_a_file_that_was_removed_is_made_anew(path, db, sides):
    put(db, "k", "old")
    other = Database.open(path)
    for side in sides:
        os.unlink(path + side)
    put(db, "k", "new")
    assert db.replaced == 1
    assert meta.get(other, "k") == "new", "the other program looks at the old file"
    put(other, "l", "v")
    assert meta.get(db, "l") == "v"
    assert db.quick_check() is None
    other.close()
    put(db, "m", "v")
    db.close()
    again = Database.open(path)
    assert meta.get(again, "m") == "v"
    again.close()


def test_all_programs_go_on_with_the_new_file_when_damage_is_moved_aside(path):
    first = Database.open(path)
    put(first, "k", "old")
    first.checkpoint()
    raw = bytearray(Path(path).read_bytes())
    raw[4096:] = b"\xee" * (len(raw) - 4096)
    with open(path, "r+b") as file:
        file.write(raw)
    os.unlink(path + "-wal")
    os.unlink(path + "-shm")
    second, note = Database.open_or_replace(path, NOW)
    assert note
    put(second, "k", "new")
    assert meta.get(first, "k") == "new"
    put(first, "l", "v")
    assert meta.get(second, "l") == "v"
    first.close()
    second.close()
