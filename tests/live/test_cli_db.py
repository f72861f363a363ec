"""``agent2 db``: the care of the store from the command line."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest

from agent2.core.effects import OpenIncident
from agent2.core.model import Code, Facet, Severity
from agent2.store import incidents
from agent2.store.database import Database
from tests.live.cli_kit import ROOT, Cli, holding

OLD = "2020-01-01 00:00:00.000"


@pytest.fixture
def cli(tmp_path):
    """A store with an incident, two old events, one that waits."""
    made = Cli(tmp_path)
    made.state.mkdir(exist_ok=True)
    db = Database.open(str(made.state / "agent2.db"))
    where = ("webui", Severity.CRITICAL, time.time(), Facet.PROCESS)
    with db.transaction() as tx:
        incidents.open_incident(tx, OpenIncident("i", *where, Code.PID_DEAD, "gone"))
        for name, status in (("a", "completed"), ("b", "completed"), ("c", "pending")):
            tx.execute(
                "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source,"
                " payload, ts, received_at, status)"
                " VALUES (?, 't', 'X', 'polling', '{}', ?, ?, ?)",
                (name, OLD, OLD, status),
            )
    db.close()
    return made


def test_a_copy_is_made_proved_and_put_back(cli):
    told = cli("db", "backup")
    assert told.code == 0
    path = re.fullmatch(r"Backup completed: (\S+)\n", told.out)[1]
    assert re.search(r"/backups/agentos_[0-9]{8}_[0-9]{6}\.db$", path)
    assert cli("db", "verify").out.startswith(f"ok: {path} (")

    (cli.state / "agent2.db").write_bytes(b"\xee" * 50_000)
    assert cli("db", "check").code == 1
    told = cli("db", "restore", path, "--json")

    assert told.code == 0
    assert told.json["rows"]["incidents"] == 1
    assert os.path.getsize(told.json["aside"]) == 50_000
    assert [i["id"] for i in cli("incidents", "list", "--json").json["incidents"]] == [
        "i"
    ]
    assert cli("db", "check", "--json").json == {"ok": True, "problems": []}


def test_of_a_folder_the_newest_good_copy_is_taken(cli):
    first = cli("db", "backup", "--json").json["path"]
    second = cli("db", "backup", "--json").json["path"]
    with open(second, "r+b") as file:
        file.write(b"broken")

    told = cli("db", "verify")
    assert told.code == 1
    assert [line.startswith("ok: ") for line in told.out.splitlines()] == [True, False]
    assert cli("db", "restore", cli.state / "backups", "--json").json["path"] == first


def test_a_running_agent_is_not_robbed_of_its_store(cli):
    path = cli("db", "backup", "--json").json["path"]
    with holding(cli.state / "agent2.pid", "agent2_monitor.py") as child:
        told = cli("db", "restore", path)

    assert (told.code, told.out) == (75, "")
    assert str(child.pid) in told.err
    assert "Try: agent2 stop" in told.err


def test_old_copies_go_after_the_new_one_is_good(cli, tmp_path):
    folder = tmp_path / "copies"
    old = cli("db", "backup", "--to", folder, "--json").json["path"]
    os.utime(old, (0, 0))

    told = cli("db", "backup", "--to", folder, "--keep-days", "30", "--json").json

    assert told["retired"] == [old]
    assert (
        cli("db", "verify", folder, "--json").json["copies"][0]["path"] == told["path"]
    )


def test_restore_without_a_name_shows_how_it_is_used(cli):
    told = cli("db", "restore")

    assert told.code == 2
    assert "Try: agent2 db restore --help" in told.err


@pytest.mark.parametrize("words", [("verify",), ("restore", "backups")])
def test_without_a_copy_it_says_how_to_make_one(cli, words):
    (cli.state / "backups").mkdir()
    told = cli("db", *words, cwd=cli.state)

    assert told.code == 74
    assert "Try: agent2 db backup" in told.err


def test_cleanup_says_how_many_went(cli):
    assert cli("db", "cleanup", "--days", "7").out == "Cleaned up 2 old events\n"
    assert cli("db", "cleanup", "--json").json == {"events": 0, "audits": 0}
    assert cli("db", "cleanup", "--audit-days", "29").code == 2


def test_archive_and_stats_tell_the_lag_in_seconds(cli):
    first, again = (cli("db", "archive", "--json").json for _ in range(2))
    assert (first["added"], again["added"]) == (True, False)
    assert first["lag_s"] > 86400 * 365

    told = cli("db", "stats", "--json").json
    assert told["rows"]["supervisor_inbox"] == 3
    assert told["days"][0]["lag_most_s"] == first["lag_s"]
    assert json.dumps(told["copies"]) == "[]"
    assert "supervisor_inbox: 3" in cli("db", "stats").out


def test_vacuum_says_what_it_won(cli):
    told = cli("db", "vacuum", "--json").json

    assert told["after"] <= told["before"]


@pytest.mark.parametrize(
    "word", ["backup", "cleanup", "archive", "check", "vacuum", "stats"]
)
def test_without_a_store_nothing_is_made(tmp_path, word):
    bare = Cli(tmp_path)
    told = bare("db", word)

    assert told.code == 74
    assert "start agent2 first" in told.err
    assert not (bare.state / "agent2.db").exists()


def test_it_speaks_chinese(cli):
    told = cli("--lang", "zh", "db", "stats")

    assert "备份: 0 个" in told.out


@pytest.mark.slow
def test_a_backup_that_fails_is_told_once_and_so_is_its_end(cli, tmp_path):
    config = cli.config(
        "version: 1\nlanguage: en\ntargets: [{name: w, checks: [{kind: tcp, port: 9}]}]\n"
        "notifiers: [{name: ops, kind: webhook, url: 'http://127.0.0.1:9/x'}]\n"
    )
    argv = [sys.executable, "-I", ROOT / "agent2" / "compiler" / "__main__.py"]
    argv += ["--state-dir", cli.state, "--config", config]
    subprocess.run(argv, check=True, capture_output=True)
    (tmp_path / "file").touch()

    for _ in range(2):
        assert cli("db", "backup", "--to", tmp_path / "file").code == 74
    (told,) = cli("outbox", "list", "--json").json["deliveries"]
    assert (told["kind"], told["target"]) == ("degraded", "agent2")
    assert told["subject"].startswith("[Agent2 Warning] the backup failed: ")
    with closing(sqlite3.connect(cli.state / "agent2.db")) as db:
        (text,) = db.execute("SELECT alert FROM deliveries").fetchone()
    assert json.loads(text)["action"].startswith("a person is needed: agent2 backup")

    for _ in range(2):
        assert cli("db", "backup").code == 0
    first, last = cli("outbox", "list", "--json").json["deliveries"]
    assert (last["kind"], last["incident"]) == ("resolved", first["incident"])
