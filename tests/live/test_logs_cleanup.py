"""Old logs go, and nothing else: what is open, linked, young or foreign stays."""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from tests.live.cli_kit import Cli

OLD = time.time() - 31.5 * 86400


def old(path, text="x"):
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text(text)
    os.utime(path, (OLD, OLD))
    return path


@pytest.fixture
def house(tmp_path):
    logs, outside = tmp_path / "logs", tmp_path / "outside"
    goes = [old(logs / name) for name in ("a.log", "b.log.gz", "below/c.log")]
    stays = [old(logs / "notes.txt"), old(outside / "o.log"), old(logs / "held.log")]
    young = logs / "young.log"
    young.write_text("x")
    os.utime(young, (OLD + 86400, OLD + 86400))  # 30.5 days: find's +30 leaves it
    (logs / "link.log").symlink_to(outside / "o.log")
    (logs / "door").symlink_to(outside)
    os.mkfifo(logs / "pipe.log")
    return logs, goes, [*stays, young, logs / "link.log", logs / "pipe.log"]


def test_only_old_regular_files_that_nobody_has_open_go(house, tmp_path):
    cli, (logs, goes, stays) = Cli(tmp_path), house
    found = subprocess.run(
        ["find", ".", "-type", "f", "-name", "*.log*", "-mtime", "+30"],
        cwd=logs,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    found = [str(logs / name) for name in found]
    with (logs / "held.log").open("rb"):
        listed = cli("maintain", "logs", "--in", logs, "--dry-run")
        assert all(path.exists() for path in goes)
        assert sorted(r.split("\t")[0] for r in listed.out.splitlines()) == sorted(
            found
        )
        assert "Log cleanup completed" not in listed.out

        done = cli("maintain", "logs", "--in", logs, "--json")

    assert done.code == 0, done.err
    fates = {row["path"]: row for row in done.json["logs"]}
    assert {p for p, row in fates.items() if row["removed"]} == {str(p) for p in goes}
    assert fates[str(logs / "held.log")]["why"] == "is open"
    assert not any(path.exists() for path in goes)
    assert all(os.path.lexists(path) for path in stays)
    again = cli("maintain", "logs", "--in", logs, "--days", 30)
    assert "held.log" in again.out
    assert again.out.splitlines()[-1].startswith("Log cleanup completed at ")


def test_without_a_folder_it_is_the_rotated_files_of_followed_logs(tmp_path):
    cli = Cli(tmp_path)
    assert cli("maintain", "logs").code == 2
    log = old(tmp_path / "logs" / "app.log")
    rotated = [old(tmp_path / "logs" / n) for n in ("app.log.1", "app.log-20260101.gz")]
    other = old(tmp_path / "logs" / "other.log")
    cli.config(
        "version: 1\ntargets:\n- name: app\n  checks:\n"
        f"  - {{kind: logfile, file: {log}}}\n"
    )
    done = cli("maintain", "logs", "--days", "30")

    assert done.code == 0, done.err
    assert not any(path.exists() for path in rotated)
    assert log.exists()
    assert other.exists()
