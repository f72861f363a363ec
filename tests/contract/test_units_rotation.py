"""logrotate with its own program; newsyslog by the fields of its manual."""

from __future__ import annotations

import gzip
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "systemd" / "logrotate-agent2"
PROGRAM = shutil.which("logrotate", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
needs_logrotate = pytest.mark.skipif(
    PROGRAM is None, reason="logrotate is not installed"
)


@pytest.fixture
def rules(tmp_path):
    """The rules for a folder and a user of this machine."""
    user = pwd.getpwuid(os.getuid()).pw_name
    folder = tmp_path / "multi_agent"
    folder.mkdir()
    text = RULES.read_text().replace("/home/agentos/.agentos/multi_agent", str(folder))
    text = text.replace("su agentos agentos\n", "")  # only root may name another
    text = text.replace(" agentos agentos", "").replace("agentos -c", f"{user} -c")
    path = tmp_path / "rules"
    path.write_text(text)
    path.chmod(0o644)
    return path, folder


def rotate(path, *flags):
    state = path.with_name("state")
    return subprocess.run(
        [PROGRAM, *flags, "-s", state, path], capture_output=True, text=True
    )


@needs_logrotate
def test_a_dry_run_parses_the_rules(rules):
    path, folder = rules
    (folder / "agent2.log").write_text("line\n")

    told = rotate(path, "-d")

    assert told.returncode == 0, told.stderr
    assert "error" not in told.stderr.lower()
    assert (folder / "agent2.log").read_text() == "line\n"


@needs_logrotate
def test_two_forced_rotations_keep_every_line_and_compress_the_older(rules):
    path, folder = rules
    log = folder / "agent2.log"
    log.write_text("first\n")

    assert rotate(path, "-f").returncode == 0
    log.write_text("second\n")
    assert rotate(path, "-f").returncode == 0

    assert (folder / "agent2.log.1").read_text() == "second\n"
    assert gzip.decompress((folder / "agent2.log.2.gz").read_bytes()) == b"first\n"
    assert log.stat().st_mode & 0o777 == 0o644


@needs_logrotate
def test_an_empty_or_missing_log_is_left_alone(rules):
    path, folder = rules
    (folder / "agent2.log").touch()

    assert rotate(path, "-f").returncode == 0
    assert os.listdir(folder) == ["agent2.log"]


def test_the_rules_are_those_of_the_guide():
    text = RULES.read_text()

    for word in ("daily", "rotate 7", "compress", "delaycompress", "missingok"):
        assert re.search(rf"^    {word}$", text, re.MULTILINE), word
    assert "notifempty" in text
    assert "create 0644 agentos agentos" in text
    assert "kill -HUP $(cat " in text
    assert "|| true" in text


def test_root_never_signals_what_a_user_wrote_into_a_file():
    text = RULES.read_text()
    scripts = text.split("postrotate\n")[1].split("endscript")[0]

    assert scripts.strip().startswith("su -s /bin/sh agentos -c")


def test_the_newsyslog_line_has_the_fields_of_its_manual():
    lines = (ROOT / "launchd" / "newsyslog-agent2.conf").read_text().splitlines()
    (line,) = [line for line in lines if line and not line.startswith("#")]

    path, owner, mode, count, size, when, flags = line.split()
    assert path.endswith("/.agentos/multi_agent/agent2.log")
    assert path.startswith("/")
    assert re.fullmatch(r"\w+:staff", owner)
    assert (mode, count, size, when) == ("644", "7", "*", "@T00")
    # J bzip2, C create; without N a line that names no PID file signals syslogd.
    assert set(flags) == set("JCN")


@needs_logrotate
def test_the_rules_for_a_watched_service_are_taken_by_logrotate(tmp_path):
    text = (ROOT / "config" / "examples" / "logrotate_service").read_text()
    text = re.sub("su www-data.*|www-data adm", "", text)  # only root may name another
    path = tmp_path / "rules"
    for folder in ("multi-agent-service", "nginx"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "multi-agent-service.access.log").write_text("line\n")
    path.write_text(text.replace("/var/log", str(tmp_path)))
    path.chmod(0o644)

    told = rotate(path, "-d")
    assert told.returncode == 0, told.stderr
    assert "error" not in told.stderr.lower()

    assert rotate(path, "-f").returncode == 0
    kept = sorted(one.name for one in (tmp_path / "multi-agent-service").iterdir())
    name = "multi-agent-service.access.log"
    assert kept == [name, f"{name}.1"]
    assert (tmp_path / "multi-agent-service" / name).read_bytes() == b""
    assert (tmp_path / "nginx" / f"{name}.1").read_text() == "line\n"
