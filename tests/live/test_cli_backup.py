"""``agent2 backup``: sets of everything, and the drill of losing everything."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import sqlite3
import subprocess
import tarfile
import time
from pathlib import Path

import pytest

from agent2.cli.care import backup_set
from agent2.cli.settings import Settings
from agent2.core.effects import OpenIncident
from agent2.core.model import Code, Facet, Severity, TargetState
from agent2.store import copies, incidents, meta, sets, targets
from agent2.store.contents import contents
from agent2.store.database import Database
from tests.live.cli_kit import Cli
from tests.ports import reserved

CONFIG = """\
version: 1
targets:
  - name: webui
    checks:
      - {{kind: tcp, port: {port}}}
notifiers:
  - {{name: oncall, kind: pagerduty, routing_key: "${{file:pagerduty.key}}"}}
"""


@pytest.fixture
def cli(tmp_path):
    """A store with incidents and counters, a configuration with a secret, a log."""
    made = Cli(tmp_path)
    made.state.mkdir(exist_ok=True)
    made.config(CONFIG.format(port=reserved()))
    key = made.home / "pagerduty.key"
    key.write_text("a" * 32)
    key.chmod(0o600)
    db = Database.open(str(made.state / "agent2.db"))
    with db.transaction() as tx:
        for number in range(12):
            where = ("webui", Severity.CRITICAL, 1.7e9 + number / 3, Facet.PROCESS)
            told = OpenIncident(
                f"i{number}", *where, Code.PID_DEAD, "it's \n gone 进程"
            )
            incidents.open_incident(tx, told)
        targets.save(tx, "webui", TargetState(failures=7))
        targets.save(tx, "other", TargetState(failures=3))
    db.close()
    made.write("agent2.log", "2026-11-21 00:00:00,000 - Agent2 - INFO - hello\n")
    yield made
    made.close()


def rows(path):
    """Return what is in a store, but for what the audit says of copies themselves."""
    db, copied = sqlite3.connect(path), sqlite3.connect(":memory:")
    try:
        db.backup(copied)
        copied.execute("DELETE FROM task_audits WHERE event_type LIKE 'BACKUP%'")
        return contents(copied)
    finally:
        copied.close()
        db.close()


def told_of_copies(cli):
    """Return what the audit says of copies."""
    db = sqlite3.connect(cli.state / "agent2.db")
    found = db.execute("SELECT event_type FROM task_audits ORDER BY audit_id")
    said = [kind for (kind,) in found if kind.startswith("BACKUP")]
    db.close()
    return said


def test_a_set_whose_second_is_taken_meanwhile_appears_in_the_next(cli):
    root, now = cli.state / "backups", 1.7e9
    taken = root / time.strftime("%Y%m%d_%H%M%S", time.localtime(now))

    def another_is_faster(step):
        if step == "Backing up logs...":
            taken.mkdir()
            (taken / "manifest.txt").write_text("theirs")

    settings = Settings(folder=str(cli.state))
    made = backup_set.make(settings, str(root), now, another_is_faster)

    later = time.strftime("%Y%m%d_%H%M%S", time.localtime(now + 1))
    assert made.path == str(root / later)
    assert sets.verify(made.path).files == made.files
    assert (taken / "manifest.txt").read_text() == "theirs"
    assert sorted(os.listdir(root)) == [taken.name, later]  # nothing half stays


def test_a_set_has_the_parts_and_says_the_words_of_the_guide(cli):
    told = cli("backup", "create")

    assert told.code == 0
    lines = told.out.splitlines()
    assert lines[1:5] == [
        f"Backing up {what}..."
        for what in ("application", "configuration", "database", "logs")
    ]
    assert re.fullmatch(r"Starting backup at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d", lines[0])
    assert lines[5].startswith("Backup completed at ")
    place = Path(lines[6].removeprefix("Backup location: "))
    assert sorted(p.name for p in place.iterdir()) == [
        "application.tar.gz",
        "config.tar.gz",
        "database.sql.gz",
        "logs.tar.gz",
        "manifest.txt",
    ]
    assert {oct(p.stat().st_mode)[-3:] for p in place.iterdir()} == {"600"}
    manifest = (place / "manifest.txt").read_text()
    for word in ("Backup Date: ", "Hostname: ", "Application Version: ", "Files:"):
        assert word in manifest
    with tarfile.open(place / "config.tar.gz") as archive:
        assert "agent2.yaml" in archive.getnames()
        assert "secrets/pagerduty.key" in archive.getnames()
    with tarfile.open(place / "logs.tar.gz") as archive:
        assert archive.getnames() == ["agent2.log"]
    with tarfile.open(place / "application.tar.gz") as archive:
        names = archive.getnames()
    assert "agent2/agent2_monitor.py" in names
    assert not [name for name in names if "__pycache__" in name]


def test_its_manifest_is_one_of_sha256sum_and_its_sql_one_of_sqlite(cli, tmp_path):
    place = Path(cli("backup", "create", "--json").json["path"])
    lines = (place / "manifest.txt").read_text().splitlines()
    sums = "\n".join(lines[lines.index("Files:") + 1 :]) + "\n"
    told = subprocess.run(
        ["sha256sum", "-c", "-"], cwd=place, input=sums, text=True, capture_output=True
    )
    assert (told.returncode, told.stdout.count(": OK")) == (0, 4)

    db = sqlite3.connect(tmp_path / "from_sql.db")
    db.executescript(gzip.decompress((place / "database.sql.gz").read_bytes()).decode())
    db.close()
    assert rows(tmp_path / "from_sql.db") == rows(cli.state / "agent2.db")
    assert told_of_copies(cli) == ["BACKUP_MADE"]


def change(place):
    with open(place / "logs.tar.gz", "r+b") as file:
        file.seek(20)
        file.write(b"!")


HARMS = {
    change: "logs.tar.gz",
    lambda place: (place / "logs.tar.gz").unlink(): "logs.tar.gz",
    lambda place: (place / "logs.tar.gz.old").touch(): "logs.tar.gz.old",
    lambda place: (place / "manifest.txt").unlink(): "manifest.txt",
    lambda place: (place / "manifest.txt").write_bytes(b"\xff"): "manifest.txt",
    lambda place: another(place / "manifest.txt", os.mkfifo): "manifest.txt",
    lambda place: another(place / "logs.tar.gz", os.mkfifo): "logs.tar.gz",
    lambda place: another(
        place / "logs.tar.gz", lambda path: path.symlink_to("/dev/zero")
    ): "logs.tar.gz",
}


def another(path, made):
    path.unlink()
    made(path)


def test_what_is_not_as_the_manifest_says_is_named(cli, tmp_path):
    place = Path(cli("backup", "create", "--json").json["path"])
    assert cli("backup", "verify", place).code == 0
    for number, (harm, named) in enumerate(HARMS.items()):
        copy = tmp_path / str(number)
        shutil.copytree(place, copy)
        harm(copy)
        with pytest.raises(sets.BadSetError, match=named):
            sets.verify(str(copy))

    before = rows(cli.state / "agent2.db")
    told = cli("backup", "verify", tmp_path / "0")
    assert (told.code, "logs.tar.gz" in told.out) == (1, True)
    assert cli("backup", "restore", tmp_path / "0").code == 1
    assert rows(cli.state / "agent2.db") == before


def test_everything_is_lost_and_comes_back(cli, tmp_path):
    root = tmp_path / "elsewhere"
    place = cli("backup", "create", "--to", root, "--json").json["path"]
    wanted, config = rows(cli.state / "agent2.db"), Path(cli.env["AGENT2_CONFIG"])
    text = config.read_text()
    shutil.rmtree(cli.state)
    config.write_text("lost: yes\n")

    told = cli("backup", "restore", place)

    assert told.code == 0
    assert told.out.splitlines()[-1].startswith("Disaster recovery completed at ")
    assert rows(cli.state / "agent2.db") == wanted
    assert config.read_text() == text
    (kept,) = config.parent.glob("agent2.yaml.*.bak")
    assert kept.read_text() == "lost: yes\n"
    assert not list(cli.state.glob(".restore*"))


@pytest.mark.slow
def test_after_the_drill_the_agent_is_well_with_its_old_counters(cli):
    place = cli("backup", "create", "--json").json["path"]
    (cli.state / "agent2.db").write_bytes(b"\xee" * 30_000)

    told = cli("backup", "restore", place, "--start")

    assert told.code == 0, told.err
    assert "Disaster recovery completed at " in told.out
    assert cli("healthcheck").code == 0
    told = cli("incidents", "list", "--limit", "100", "--json").json["incidents"]
    assert {f"i{n}" for n in range(12)} <= {one["id"] for one in told}
    assert cli("backup", "restore", place).code == 75, "it runs now"


def test_what_does_not_become_well_is_not_called_recovered(cli):
    config = Path(cli.env["AGENT2_CONFIG"])
    config.write_text("version: 1\ntargets: nonsense\n")
    place = cli("backup", "create", "--json").json["path"]

    told = cli("backup", "restore", place, "--start")

    assert told.code == 1
    assert "did not become well" in told.err
    assert "Disaster recovery completed" not in told.out


@pytest.mark.parametrize("kind", ["folder", "fifo"])
def test_what_is_no_file_is_not_replaced_by_a_configuration(cli, tmp_path, kind):
    place = cli("backup", "create", "--json").json["path"]
    odd = tmp_path / "odd"
    os.mkfifo(odd) if kind == "fifo" else odd.mkdir()
    before = odd.stat().st_ino, rows(cli.state / "agent2.db")

    told = cli("backup", "restore", place, env={"AGENT2_CONFIG": str(odd)})

    assert told.code == 1
    assert "is not a regular file" in told.err
    assert (odd.stat().st_ino, rows(cli.state / "agent2.db")) == before
    assert not list(cli.state.glob("agent2.db.replaced-*"))


def test_old_sets_go_but_never_the_last_one_nor_the_root(cli, tmp_path):
    root = tmp_path / "sets"
    old = cli("backup", "create", "--to", root, "--json").json["path"]
    (root / "mine").mkdir()
    (root / ".20200101_000000.999999999.tmp").mkdir()
    for path in (old, root, root / "mine"):
        os.utime(path, (0, 0))
    time.sleep(max(0.0, 1.01 - time.time() + os.stat(old).st_ctime))  # another name

    told = cli("backup", "create", "--to", root, "--json").json

    assert told["retired"] == [old]
    assert sorted(os.listdir(root)) == sorted([os.path.basename(told["path"]), "mine"])
    last = backup_set.retire(str(root), 1.0, time.time() + 1e6, spare=told["path"])
    assert (last, os.path.isdir(told["path"])) == ([], True)


def test_each_hour_has_its_file_and_overwrites_that_of_yesterday(cli, tmp_path):
    for _ in range(2):
        told = cli("backup", "hourly", "--to", tmp_path / "sets", "--json")
    assert re.search(r"/hourly/db_[0-2][0-9]\.sql\.gz$", told.json["path"])
    assert len(os.listdir(tmp_path / "sets" / "hourly")) == 1


def test_text_that_sql_cannot_say_is_kept_all_the_same(cli):
    db = Database.open(str(cli.state / "agent2.db"))
    with db.transaction() as tx:
        meta.put(tx, "odd", "a\0b")
    db.close()
    wanted = rows(cli.state / "agent2.db")
    place = Path(cli("backup", "create", "--json").json["path"])
    assert (place / "database.db.gz").exists()
    assert cli("backup", "verify", place).code == 0
    (cli.state / "agent2.db").unlink()

    assert cli("backup", "restore", place).code == 0
    assert rows(cli.state / "agent2.db") == wanted


def test_a_configuration_that_is_a_link_to_itself_is_refused(cli, tmp_path):
    place = Path(cli("backup", "create", "--json").json["path"])
    loop = tarfile.TarInfo("agent2.yaml")
    loop.type, loop.linkname = tarfile.SYMTYPE, "agent2.yaml"
    with tarfile.open(place / "config.tar.gz", "w:gz") as archive:
        archive.addfile(loop)
    manifest = place / "manifest.txt"
    told = re.sub(
        "[0-9a-f]{64}(?=  config)",
        copies.digest_of(str(place / "config.tar.gz")),
        manifest.read_text(),
    )
    manifest.write_text(told)

    told = cli("backup", "restore", place)

    assert told.code == 1
    assert "agent2.yaml in it is no plain small file" in told.out + told.err


def test_sql_that_reaches_for_other_files_is_refused(tmp_path):
    from agent2.store import dumps
    from agent2.store.errors import StoreError

    path = tmp_path / "x.sql.gz"
    path.write_bytes(gzip.compress(f"ATTACH '{tmp_path}/other.db' AS o;".encode()))

    with pytest.raises(StoreError):
        dumps.load(str(path), str(tmp_path / "copy.db"))
    assert not (tmp_path / "other.db").exists()


def test_restore_without_a_name_shows_how_it_is_used(cli):
    told = cli("backup", "restore")

    assert told.code == 2
    assert "Try: agent2 backup restore --help" in told.err


def test_a_place_that_cannot_be_written_is_named(cli, tmp_path):
    (tmp_path / "file").touch()
    told = cli("backup", "create", "--to", tmp_path / "file" / "sets")

    assert told.code == 74
    assert str(tmp_path / "file") in told.err
    assert "completed" not in told.out
