"""Cron files, timers and scripts of the store's care, as those judge them who run them."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from agent2.store.database import Database

ROOT = Path(__file__).resolve().parents[2]
UNITS = (
    "agentos-agent2-care@.service",
    "agentos-agent2-daily.timer",
    "agentos-agent2-hourly.timer",
)


@pytest.fixture
def place(tmp_path):
    """Environment of a state folder with a store in it."""
    (tmp_path / "state").mkdir()
    db = Database.open(str(tmp_path / "state" / "agent2.db"))
    with db.transaction() as tx:
        tx.execute(
            "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source,"
            " payload, ts, received_at, status) VALUES ('e', 't', 'X', 'polling', '{}',"
            " '2020-01-01 00:00:00.000', '2020-01-01 00:00:00.000', 'completed')"
        )
    db.close()
    return {
        "HOME": str(tmp_path),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "AGENT2_HOME": str(tmp_path / "state"),
        "AGENT2_PYTHON": sys.executable,
        "BACKUP_DIR": str(tmp_path / "backups"),
        "LANG": "C.UTF-8",
    }


def run(place, *words):
    return subprocess.run(
        ["bash", *map(str, words)],
        env=place,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd")
def test_systemd_has_nothing_to_say_against_the_timers(tmp_path):
    root = tmp_path / "opt"
    root.mkdir()
    for name in ("scripts", "docs"):
        (root / name).symlink_to(ROOT / name)
    for name in UNITS:
        text = (ROOT / "systemd" / name).read_text()
        (tmp_path / name).write_text(text.replace("/opt/agent2", str(root)))
    instance = tmp_path / "agentos-agent2-care@daily.service"
    instance.write_text((tmp_path / UNITS[0]).read_text())
    told = subprocess.run(
        ["systemd-analyze", "verify", instance, *(tmp_path / n for n in UNITS[1:])],
        capture_output=True,
        text=True,
    )
    assert (told.returncode, told.stderr, told.stdout) == (0, "", "")


def test_each_timer_starts_a_job_that_the_script_knows():
    script = (ROOT / "scripts" / "agentos-care.sh").read_text()
    for name in UNITS[1:]:
        job = re.search(r"care@(\w+)\.service", (ROOT / "systemd" / name).read_text())
        assert f"\n  {job[1]})" in script
    told = (ROOT / "systemd" / UNITS[1]).read_text()
    assert "OnCalendar=*-*-* 02:00:00" in told


@pytest.mark.skipif(shutil.which("run-parts") is None, reason="no run-parts")
def test_run_parts_takes_the_cron_script(tmp_path, place):
    script = tmp_path / "cron.daily" / "agentos-cleanup"
    script.parent.mkdir()
    shutil.copy(ROOT / "cron" / "agentos-cleanup", script)
    script.write_text(script.read_text().replace("/opt/agent2", str(ROOT)))
    listed = subprocess.run(
        ["run-parts", "--test", script.parent], capture_output=True, text=True
    )
    assert listed.stdout.split() == [str(script)]

    done = subprocess.run(
        ["run-parts", script.parent], env=place, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "Cleaned up 1 old events\n")


def test_the_lines_of_cron_name_jobs_that_the_script_knows():
    lines = (ROOT / "cron" / "agentos-agent2").read_text().splitlines()
    jobs = [n for n in lines if re.match(r"[0-9]+ [0-9*]+ \* \* \* root ", n)]
    assert [re.search(r"care\.sh (\w+)", job)[1] for job in jobs] == ["daily", "hourly"]
    assert jobs[0].startswith("0 2 * * *")


def test_the_backup_script_keeps_thirty_days(tmp_path, place):
    script = tmp_path / "agentos-backup.sh"
    script.symlink_to(ROOT / "scripts" / "agentos-backup.sh")
    first = run(place, script)
    assert first.returncode == 0, first.stderr
    path = re.fullmatch(r"Backup completed: (\S+)\n", first.stdout)[1]
    assert re.fullmatch(r"agentos_[0-9]{8}_[0-9]{6}\.db", os.path.basename(path))
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    raw.close()
    os.utime(path, (time.time() - 31 * 86400,) * 2)

    second = run(place, script)

    assert second.returncode == 0, second.stderr
    names = [n for n in os.listdir(place["BACKUP_DIR"]) if n.endswith(".db")]
    assert len(names) == 1
    assert names[0] != os.path.basename(path)


@pytest.mark.slow
def test_the_daily_and_hourly_jobs_do_all_of_it(place):
    script = ROOT / "scripts" / "agentos-care.sh"
    daily, hourly = run(place, script, "daily"), run(place, script, "hourly")

    assert (daily.returncode, hourly.returncode) == (0, 0), daily.stderr + hourly.stderr
    assert "Cleaned up 1 old events" in daily.stdout
    assert "\nok\n" in daily.stdout
    assert "Backup completed at " in daily.stdout
    assert re.search(r"hourly/db_[0-9]{2}\.sql\.gz", hourly.stdout)


def test_a_job_that_fails_ends_with_its_code(place, tmp_path):
    script = ROOT / "scripts" / "agentos-care.sh"
    assert run(place, script).returncode == 2
    (tmp_path / "file").touch()
    told = run(place | {"BACKUP_DIR": str(tmp_path / "file")}, script, "copy")
    assert told.returncode == 74
    assert "Backup completed" not in told.stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv")
def test_root_becomes_the_owner_of_the_store(place):
    owner = 65534
    with tempfile.TemporaryDirectory() as name:  # that user cannot enter tmp_path
        folder = Path(name)
        folder.chmod(0o755)
        for path in (ROOT, *ROOT.parents):
            if not path.stat().st_mode & 0o001:
                pytest.skip(f"another user cannot enter {path}")
        seen, fake = folder / "seen", folder / "python"
        fake.write_text(f'#!/bin/sh\necho "$(id -u):$(id -g) $*" >>"{seen}"\n')
        fake.chmod(0o755)
        seen.touch()
        seen.chmod(0o666)
        (folder / "agent2.db").touch()
        os.chown(folder / "agent2.db", owner, owner)
        copies = folder / "copies"
        named = {"AGENT2_HOME": name, "BACKUP_DIR": str(copies)}

        script = ROOT / "scripts" / "agentos-care.sh"
        told = run(place | named | {"AGENT2_PYTHON": str(fake)}, script, "copy")

        assert told.returncode == 0, told.stderr
        assert seen.read_text().startswith(f"{owner}:{owner} ")
        assert copies.stat().st_uid == owner
