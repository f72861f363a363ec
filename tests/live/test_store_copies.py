"""Copies of a store in use: proved, kept for a while, put back."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_rows import NOW, delivery, put

from agent2.core.effects import OpenIncident
from agent2.core.model import Code, Facet, Severity, TargetState
from agent2.store import copies, incidents, meta, outbox, restoring, targets
from agent2.store.contents import contents
from agent2.store.database import Database, StoreError

ROOT = Path(__file__).parents[2]
WRITER = """
import sys, time
from agent2.store.database import Database
db, n = Database.open(sys.argv[1]), 0
print("ready", flush=True)
begun = time.monotonic()
while True:
    with db.transaction() as tx:
        for _ in range(5):
            n += 1
            tx.execute(
                "INSERT INTO supervisor_inbox"
                " (event_id, task_id, event_type, source, payload, ts, received_at)"
                " VALUES (?, 't', 'TASK_CREATED', 'eventbus', ?, ?, ?)",
                (f"ev-{n}", "x" * 200, *["2026-11-21 00:00:00.000"] * 2),
            )
            tx.execute(
                "INSERT INTO meta VALUES ('written', ?)"
                " ON CONFLICT DO UPDATE SET value = excluded.value",
                (str(n),),
            )
    time.sleep(max(0.0, begun + n / 500 - time.monotonic()))
"""


SMALL_DISK = """
import os, sys
from agent2.store import copies
from agent2.store.errors import StoreError
try:
    copies.make(sys.argv[2], sys.argv[1], 0.0)
except StoreError as error:
    print(error.kind, os.listdir(sys.argv[1]))
"""


def fill(db):
    """Incidents, counters, alerts: what must come back."""
    with db.transaction() as tx:
        for number in range(30):
            where = ("webui", Severity.CRITICAL, NOW + number, Facet.PROCESS)
            opened = OpenIncident(f"webui@{number}", *where, Code.PID_DEAD, "gone")
            incidents.open_incident(tx, opened)
        targets.save(tx, "webui", TargetState(failures=7))
        outbox.add(tx, [delivery(f"i{n}") for n in range(20)])
        meta.put(tx, "words", "half \ud83d and 进程")


def everything(path):
    db = sqlite3.connect(path)
    try:
        return contents(db)
    finally:
        db.close()


@pytest.fixture
def copy(path, db, tmp_path):
    """A copy of a filled store, which is open all the time."""
    fill(db)
    return copies.make(path, str(tmp_path / "copies"), NOW)


def refused(kind, *call):
    with pytest.raises(StoreError) as caught:
        call[0](*call[1:])
    assert (caught.value.kind, "\n" in str(caught.value)) == (kind, False)
    return str(caught.value)


@pytest.mark.slow
def test_a_copy_made_under_500_events_a_second_is_whole(path, tmp_path):
    Database.open(path).close()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, path], cwd=ROOT, stdout=subprocess.PIPE
    )
    with writer:
        try:
            assert writer.stdout.readline() == b"ready\n"
            made = []
            while len(made) < 25:
                one = copies.make(path, str(tmp_path / "c"), NOW + len(made))
                if not made or one.rows["supervisor_inbox"] > made[-1][0]:
                    made.append((one.rows["supervisor_inbox"], one.path))
        finally:
            writer.kill()
    for rows, name in made:
        assert copies.verify(name).rows["supervisor_inbox"] == rows
        raw = sqlite3.connect(name)
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        # One transaction is in it or not: never five events without their count.
        told = raw.execute("SELECT value FROM meta WHERE key = 'written'").fetchone()
        assert int(told[0] if told else 0) == rows
        assert rows % 5 == 0
        raw.close()
    assert made[-1][0] > made[0][0]


def test_a_copy_is_one_private_file_with_its_manifest(copy, tmp_path):
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(NOW))
    assert sorted(os.listdir(tmp_path / "copies")) == [
        f"agentos_{stamp}.db",
        f"agentos_{stamp}.db.json",
    ]
    assert oct(os.stat(copy.path).st_mode)[-3:] == "600"
    manifest = json.loads(Path(copy.path + ".json").read_text())
    told = subprocess.run(["sha256sum", copy.path], capture_output=True, text=True)
    assert manifest["sha256"] == told.stdout.split()[0]
    assert manifest["rows"]["incidents"] == 30
    assert copies.verify(copy.path) == copy
    raw = sqlite3.connect(copy.path)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    raw.close()


def test_two_copies_of_one_second_are_both_kept(path, db, tmp_path):
    one, two = (copies.make(path, str(tmp_path / "c"), NOW) for _ in range(2))
    assert one.path != two.path
    assert copies.listing(str(tmp_path / "c")) == sorted([one.path, two.path])


@pytest.mark.parametrize("where", [100, 5000, -10])
def test_one_changed_byte_of_a_copy_is_seen(copy, where):
    raw = bytearray(Path(copy.path).read_bytes())
    raw[where] ^= 0xFF
    Path(copy.path).write_bytes(raw)
    assert "SHA-256" in refused("damaged", copies.verify, copy.path)


def test_damage_is_seen_without_a_manifest_too(copy):
    os.unlink(copy.path + ".json")
    raw = Path(copy.path).read_bytes()
    Path(copy.path).write_bytes(raw[: len(raw) // 2])
    assert "take another copy" in refused("damaged", copies.verify, copy.path)
    Path(copy.path).write_bytes(b"")
    refused("damaged", copies.verify, copy.path)
    os.unlink(copy.path)
    refused("io", copies.verify, copy.path)


def test_an_index_that_does_not_fit_its_table_is_seen(copy):
    os.unlink(copy.path + ".json")
    raw = sqlite3.connect(copy.path, isolation_level=None)
    raw.execute("PRAGMA writable_schema = ON")
    raw.execute(
        "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master"
        " WHERE name = 'idx_task_audits_task_id') WHERE name = 'incidents_by_time'"
    )
    raw.close()
    refused("damaged", copies.verify, copy.path)


def test_a_database_of_others_is_no_copy(tmp_path):
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE t (x)")
    other.commit()
    other.close()
    refused("io", copies.verify, str(tmp_path / "other.db"))


def test_old_copies_go_and_nothing_else(path, db, tmp_path):
    folder = tmp_path / "copies"
    old, young = (copies.make(path, str(folder), NOW + n) for n in range(2))
    foreign = folder / "agentos_notes.db"
    foreign.write_text("mine")
    for name, days in ((old.path, 31), (young.path, 29), (foreign, 400)):
        os.utime(name, (NOW - days * 86400,) * 2)
    assert copies.retire(str(folder), 30 * 86400, NOW, "") == [old.path]
    assert sorted(p.name for p in folder.iterdir()) == sorted(
        [foreign.name, Path(young.path).name, Path(young.path).name + ".json"]
    )
    os.utime(young.path, (0, 0))
    assert copies.retire(str(folder), 30 * 86400, NOW, young.path) == []


def test_a_full_disk_leaves_no_half_copy(path, db, tmp_path):
    fill(db)
    mount = 'mount -t tmpfs -o size=64k none "$1" && exec "$2" -c "$3" "$1" "$4"'
    small = tmp_path / "small"
    small.mkdir()
    words = (small, sys.executable, SMALL_DISK, path)
    try:
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", mount, "sh", *words],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"no tmpfs can be mounted here: {done.stderr!r}")
    assert (done.stdout, done.stderr) == ("full []\n", "")


def test_what_is_restored_is_what_was_copied(path, db, copy):
    wanted = everything(copy.path)
    with db.transaction() as tx:
        targets.save(tx, "webui", TargetState(failures=99))
        tx.execute("DELETE FROM incidents")
    later = everything(path)
    db.close()

    done = restoring.restore(copy.path, path, NOW)

    assert everything(path) == wanted
    assert everything(done.aside) == later
    db = Database.open(path)
    assert targets.load_all(db)["webui"].failures == 7
    assert len(incidents.open_ones(db)) == 30
    put(db, "goes", "on")
    db.close()
    assert not Path(f"{path}.restoring").exists()


@pytest.mark.parametrize("harm", ["damaged", "gone", "empty"])
def test_a_lost_store_comes_back_and_its_remains_are_kept(path, db, copy, harm):
    wanted = everything(copy.path)
    put(db, "later", "x")
    later = Path(path + "-wal").read_bytes()
    db.close()
    if harm == "gone":
        os.unlink(path)
        Path(path + "-wal").write_bytes(later)  # SQLite would read it into the copy
    else:
        Path(path).write_bytes(b"\xee" * 9000 if harm == "damaged" else b"")
        Path(path + "-wal").write_bytes(b"of the old one")

    done = restoring.restore(copy.path, path, NOW)

    assert everything(path) == wanted
    if harm == "damaged":
        assert Path(done.aside).read_bytes() == b"\xee" * 9000
        assert Path(done.aside + "-wal").read_bytes() == b"of the old one"


def test_a_store_in_use_is_not_swapped(path, db, copy):
    before = everything(path)
    assert "stop agent2" in refused("locked", restoring.restore, copy.path, path, NOW)
    assert everything(path) == before
    put(db, "goes", "on")
    assert not Path(f"{path}.restoring").exists()


def test_a_bad_copy_changes_nothing(path, db, copy):
    before = everything(path)
    db.close()
    with open(copy.path, "r+b") as file:
        file.seek(6000)
        file.write(b"\xff" * 50)
    refused("damaged", restoring.restore, copy.path, path, NOW)
    assert everything(path) == before


def test_a_copy_of_an_older_version_is_brought_to_this_one(path, db, tmp_path):
    from agent2.store.migrations import SCRIPTS
    from agent2.store.schema import APPLICATION_ID

    db.close()
    old = sqlite3.connect(tmp_path / "old.db", isolation_level=None)
    for statement in SCRIPTS[0]:
        old.execute(statement)
    old.execute("INSERT INTO meta VALUES ('k', 'old')")
    old.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    old.execute("PRAGMA user_version = 1")
    old.close()
    restoring.restore(str(tmp_path / "old.db"), path, NOW)
    db = Database.open(path)
    assert meta.get(db, "k") == "old"
    assert db.rows("PRAGMA user_version") == [(len(SCRIPTS),)]
    db.close()


KILLED = """
import os, signal, sys
left = int(sys.argv[3])
def count(real):
    def call(*args, **more):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return real(*args, **more)
    return call
for name in ("link", "rename", "unlink", "fsync", "open", "mkdir", "rmdir"):
    setattr(os, name, count(getattr(os, name)))
from agent2.store import restoring
restoring.restore(sys.argv[1], sys.argv[2], 0.0)
"""


@pytest.mark.slow
def test_killed_at_any_step_the_store_is_the_old_or_the_new_one(path, db, copy):
    new = everything(copy.path)
    put(db, "later", "x")
    old = everything(path)
    db.close()
    begun = Path(path).read_bytes()
    seen = set()
    for step in range(200):
        for name in Path(path).parent.glob("agent2.db*"):
            if name.is_file():
                name.unlink()
        Path(path).write_bytes(begun)
        os.chmod(path, 0o600)
        argv = [sys.executable, "-c", KILLED, copy.path, path, str(step)]
        code = subprocess.run(argv, cwd=ROOT, check=False).returncode
        store = Database.open(path, create=False)  # as the next program does
        store.close()
        now = everything(path)
        assert now in (old, new), step
        seen.add(now == new)
        if code == 0:
            break
    assert code == 0
    assert step > 8
    assert seen == {False, True}
