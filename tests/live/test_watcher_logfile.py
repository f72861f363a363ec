"""The log file by itself: whole lines, whatever the disk and other people do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import datetime

import pytest
from rig import ROOT

from agent2.host.logfile import LogFile


@pytest.fixture
def log(tmp_path):
    made = LogFile(str(tmp_path / "agent2.log"))
    yield made
    made.close()


def lines(log: LogFile) -> list[str]:
    with open(log.path, encoding="utf-8") as file:
        return file.read().splitlines()


# In a process of its own: what it may write counts for all that it starts.
FULL = """
import os, resource, signal, sys
from agent2.host.logfile import LogFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
log = LogFile(sys.argv[1])
log("INFO", "first")
_, most = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(log.path) + 30, most))
log("INFO", "does not fit whole")
log("INFO", "does not fit at all")
assert log.lost == 2
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
log("INFO", "last")
log("INFO", "and one more")
"""


def test_a_line_cut_by_a_full_disk_is_not_glued_to_the_next(log):
    subprocess.run([sys.executable, "-c", FULL, log.path], cwd=ROOT, check=True)
    told = lines(log)
    whole = [line.rpartition(" - ")[2] for line in told if " - Agent2 - INFO" in line]
    assert whole == ["first", "last", "and one more"]
    assert len(told) == 4


@pytest.mark.parametrize(
    "bad",
    [
        "\n",
        "\r",
        "\x1b",
        "\x00",
        "\x85",
        "\u2028",
        "\u202e",
        "\u2066",
        "\u200b",
        "\ufeff",
    ],
)
def test_no_character_breaks_a_line(log, bad):
    log("INFO", f"one{bad}2026-01-01 00:00:00,000 - Agent2 - ERROR - forged")
    (line,) = lines(log)
    assert line.split(" - ")[2] == "INFO"


def test_an_unpaired_surrogate_is_written_somehow(log):
    log("INFO", "a\udcffb")
    assert len(lines(log)) == 1


def test_a_line_below_the_level_is_not_written(log):
    log("DEBUG", "quiet")
    log("INFO", "loud")
    assert len(lines(log)) == 1


def test_it_turns_over_by_size_and_keeps_so_many(log, tmp_path):
    log.max_bytes, log.backups = 300, 3
    for number in range(40):
        log("INFO", f"line {number:02d}")
    assert sorted(os.listdir(tmp_path)) == [
        "agent2.log",
        "agent2.log.1",
        "agent2.log.2",
        "agent2.log.3",
    ]
    assert all(os.path.getsize(tmp_path / n) <= 300 for n in os.listdir(tmp_path))
    kept = [
        line.rpartition(" ")[2]
        for name in sorted(os.listdir(tmp_path), reverse=True)
        for line in (tmp_path / name).read_text().splitlines()
    ]
    assert kept[-1] == "39"
    assert kept == sorted(kept)


def test_as_json_each_line_has_its_time_with_offset(log, tmp_path):
    log.json = True
    old = os.umask(0o077)
    try:
        log("WARNING", 'say "hello", 世界\n')
    finally:
        os.umask(old)

    path = tmp_path / "agent2.jsonl"
    (line,) = path.read_text(encoding="utf-8").splitlines()
    record = json.loads(line)
    at = datetime.fromisoformat(record.pop("timestamp"))
    assert at.tzinfo is not None
    assert abs(at.timestamp() - path.stat().st_mtime) < 60
    assert record.pop("sid").startswith("agent2@")  # of no incident: of this run
    assert record == {
        "level": "WARNING",
        "name": "Agent2",
        "message": 'say "hello", 世界\\x0a',
    }
    assert path.stat().st_mode & 0o777 == 0o644


def test_the_json_lines_turn_over_too(log, tmp_path):
    log.json, log.max_bytes, log.backups = True, 300, 2
    for number in range(40):
        log("INFO", f"line {number:02d}")
    sizes = [path.stat().st_size for path in tmp_path.glob("agent2.jsonl*")]
    assert 1 < len(sizes) <= 3
    assert max(sizes) < 300 + 120  # the line that filled it is the last


def test_a_link_in_its_place_is_not_followed(log, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    os.symlink(victim, log.path)
    log("INFO", "x")
    assert log.lost == 1
    assert victim.read_text() == "precious"


def test_a_pipe_in_its_place_does_not_stop_us(log):
    os.mkfifo(log.path)
    log("INFO", "x")
    assert log.lost == 1


@pytest.mark.parametrize("keep", [0, 1])
def test_an_echo_to_the_very_file_says_nothing_twice(tmp_path, keep):
    path = tmp_path / "agent2.log"
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    log = LogFile(str(path), echo=fd)
    try:
        for number in range(3):
            log("INFO", f"line {number}")
        if not keep:
            path.unlink()  # from now on they are two files
        log("INFO", "line 3")
        assert len(lines(log)) == (4 if keep else 1)
    finally:
        log.close()
        os.close(fd)


def test_a_reader_that_stalls_holds_no_line_up_and_the_file_has_them_all(tmp_path):
    inlet, outlet = os.pipe()
    path = tmp_path / "agent2.log"
    log = LogFile(str(path), echo=outlet)
    try:
        for number in range(2000):
            log("INFO", f"{number} {'x' * 100}")
        assert len(path.read_text().splitlines()) == 2000

        os.read(inlet, 1 << 20)
        log("INFO", "it reads again")
        assert b"it reads again" in os.read(inlet, 1 << 20)
    finally:
        log.close()
        os.close(inlet)
        os.close(outlet)
