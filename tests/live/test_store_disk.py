"""The WAL, a full disk, a folder that may not be written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from store_rows import put

from agent2.store.database import Database, StoreError

ROOT = Path(__file__).parents[2]


def run(*argv):
    return subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)


# the WAL


def test_a_checkpoint_moves_the_wal_into_the_file_and_cuts_it(path, db):
    for n in range(300):
        put(db, f"k{n}", "x" * 3000)
    assert os.stat(path + "-wal").st_size > 1 << 20
    small = os.stat(path).st_size
    db.checkpoint()
    assert os.stat(path).st_size > small
    assert os.stat(path + "-wal").st_size == 0
    assert db.pages() * 4096 == os.stat(path).st_size
    assert db.rows("PRAGMA busy_timeout") == [(5000,)]


def test_a_checkpoint_does_not_wait_for_a_reader(path, db):
    reader = sqlite3.connect(path, isolation_level=None)
    put(db, "k", "v")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM meta").fetchall()
    for n in range(300):
        put(db, f"k{n}", "x" * 3000)
    db.rows("PRAGMA busy_timeout = 60000")
    before = time.monotonic()
    db.checkpoint()
    assert time.monotonic() - before < 50, "it waited for the reader"
    reader.close()


# disks


def test_a_file_that_cannot_grow_is_full_and_goes_on_when_it_can(db):
    pages = db.pages()
    db.rows(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(StoreError) as caught:
        for n in range(50):
            put(db, f"k{n}", "x" * 4000)
    assert caught.value.kind == "full"
    kept = int(db.rows("SELECT count(*) FROM meta")[0][0])
    db.rows("PRAGMA max_page_count = 1000000")
    put(db, "after", "x" * 9000)
    assert int(db.rows("SELECT count(*) FROM meta")[0][0]) == kept + 1
    assert db.quick_check() is None


FULL_DISK = """
import os, sys
from agent2.store import meta
from agent2.store.database import Database, StoreError
folder = sys.argv[1]
db = Database.open(folder + "/agent2.db")
kept = 0
try:
    for n in range(2000):
        with db.transaction() as tx:
            meta.put(tx, f"k{n}", "x" * 4000)
        kept = n + 1
except StoreError as error:
    print(error.kind)
try:
    with db.transaction() as tx:
        meta.put(tx, "again", "x" * 60000)  # more than one that split pages needed
except StoreError as error:
    print(error.kind)
print(db.rows("SELECT count(*) FROM meta")[0][0] == kept > 0)
try:
    Database.open(folder + "/second.db")
    print("opened")
except StoreError as error:
    print(error.kind)
os.unlink(folder + "/ballast")
with db.transaction() as tx:
    meta.put(tx, "after", "x" * 9000)
print(db.quick_check())
db.checkpoint()
db.close()
db = Database.open(folder + "/agent2.db")
print(meta.get(db, "after") == "x" * 9000)
db.close()
"""


def test_a_full_disk_is_said_and_survived(tmp_path):
    mount = (
        'mount -t tmpfs -o size=1m none "$1" && head -c 400000 /dev/zero > "$1/ballast"'
    )
    both = mount + ' && exec "$2" -c "$3" "$1"'
    try:
        tried = run("unshare", "--mount", "sh", "-c", mount, "sh", tmp_path)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if tried.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {tried.stderr!r}")
    more = (tmp_path, sys.executable, FULL_DISK)
    done = run("unshare", "--mount", "sh", "-c", both, "sh", *more)
    assert done.stderr == ""
    assert done.stdout.split() == ["full", "full", "True", "full", "None", "True"]


DENIED = """
import sys
from agent2.store import meta
from agent2.store.database import Database, StoreError
for call in (Database.open, lambda path: Database.open_or_replace(path, 0.0)):
    try:
        call(sys.argv[1])
        print("opened")
    except StoreError as error:
        print(error.kind)
"""


@pytest.mark.parametrize("there", ["nothing", "a_store", "a_store_and_its_lock"])
def test_a_folder_that_may_not_be_written_is_said(there):
    nobody, prefix = 65534, []
    with tempfile.TemporaryDirectory() as base:
        os.chmod(base, 0o755)  # another user must get there
        folder = Path(base) / "state"
        folder.mkdir()
        if there != "nothing":
            Database.open(str(folder / "agent2.db")).close()
        if there == "a_store":
            (folder / "agent2.db.lock").unlink()
        if os.geteuid() == 0:
            ids = [f"--reuid={nobody}", f"--regid={nobody}", "--clear-groups"]
            prefix = ["setpriv", *ids]
            for name in folder.iterdir():
                os.chown(name, nobody, nobody)
        folder.chmod(0o555)
        try:
            done = run(*prefix, sys.executable, "-c", DENIED, folder / "agent2.db")
        except FileNotFoundError:
            pytest.skip("no setpriv here")
        finally:
            folder.chmod(0o755)
    if "No module named" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip("another user cannot read this checkout")
    assert done.stderr == ""
    assert done.stdout.split() == ["readonly", "readonly"]
