"""The files that others read, cut, rename and edit while the agent runs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess

import pytest
from rig import FAST, asking, config, wait_for, watching

from tests.fakes.health_server import HealthServer, document, http


def mode(path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def open_log(agent) -> set[int]:
    """Return the inodes of the regular files that the agent has open for its log."""
    found = set()
    for number in os.listdir(f"/proc/{agent.pid}/fd"):
        try:
            path = f"/proc/{agent.pid}/fd/{number}"
            if os.readlink(path).startswith(str(agent.log_path)):
                found.add(os.stat(path).st_ino)
        except FileNotFoundError:
            continue
    return found


def passes(*paths) -> int:
    """Count the cycles that the logs tell of; a busy machine makes some not good."""
    told = ("passed", "is slow", "cannot judge", "something is wrong")
    lines = [line for path in paths for line in path.read_text().splitlines()]
    return sum(any(words in line for words in told) for line in lines)


# -- the log


def test_after_a_hang_up_the_log_goes_on_in_the_new_file_and_no_line_is_lost(
    rig, server
):
    agent = rig.agent(config(asking(server)))
    agent.until_line("passed", count=3)
    old = agent.log_path.with_suffix(".log.1")
    agent.log_path.rename(old)
    agent.send(signal.SIGHUP)
    agent.until_line("passed", count=3)
    assert open_log(agent) == {agent.log_path.stat().st_ino}
    assert agent.stop() == 0
    # A cycle in flight at the end may have asked and not told.
    assert 0 <= len(server.received) - passes(old, agent.log_path) <= 1


def test_a_log_renamed_without_any_signal_is_made_anew(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_line("passed", count=2)
    old = agent.log_path.with_suffix(".log.0")
    agent.log_path.rename(old)
    agent.until_line("passed", count=3)
    assert mode(agent.log_path) == 0o644
    assert agent.stop() == 0
    assert 0 <= len(server.received) - passes(old, agent.log_path) <= 1


def test_a_removed_log_is_made_anew(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_line("passed")
    agent.log_path.unlink()
    agent.until_line("passed", count=2)


def test_a_truncated_log_begins_at_offset_zero_without_a_hole(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_line("passed", count=5)
    subprocess.run(["sh", "-c", f"> '{agent.log_path}'"], check=True)
    agent.until_line("passed")
    content = agent.log_path.read_bytes()
    assert b"\0" not in content
    assert content.startswith(b"20")  # the year of a whole line
    assert len(agent.lines("started")) == 0


LOGROTATE = """{log} {{
    daily
    rotate 7
    compress
    delaycompress
    missingok
    notifempty
    create 0644 {user} {group}
    postrotate
        kill -HUP $(cat {pid}) 2>/dev/null || true
    endscript
}}
"""


@pytest.mark.skipif(shutil.which("logrotate") is None, reason="logrotate is not here")
def test_logrotate_twice_loses_no_line(rig, server, tmp_path):
    import grp
    import pwd

    agent = rig.agent(config(asking(server)))
    rules = tmp_path / "agentos-agent2"
    rules.write_text(
        LOGROTATE.format(
            log=agent.log_path,
            pid=agent.folder / "agent2.pid",
            user=pwd.getpwuid(os.geteuid()).pw_name,
            group=grp.getgrgid(os.getegid()).gr_name,
        )
    )
    rules.chmod(0o644)
    argv = ["logrotate", "-s", str(tmp_path / "state"), "-f", str(rules)]
    for _ in range(2):
        agent.until_line("passed", count=3)
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        wait_for(agent.log_path.exists, 60, "a new log")
    agent.until_line("passed", count=3)
    older = agent.log_path.with_suffix(".log.2.gz")
    assert older.exists()
    assert agent.status()["agent"]["pid"] == agent.pid
    assert mode(agent.log_path) == 0o644
    assert agent.stop() == 0
    unpacked = tmp_path / "older.log"
    unpacked.write_bytes(subprocess.check_output(["gzip", "-dc", str(older)]))
    told = passes(unpacked, agent.log_path.with_suffix(".log.1"), agent.log_path)
    assert 0 <= len(server.received) - told <= 1


@pytest.mark.slow
def test_a_thousand_hang_ups_in_a_drill_change_nothing(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, interval=0.8, timeout=30)))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    sent = 0
    while sent < 1000 or agent.signal() is None:
        agent.send(signal.SIGHUP)
        sent += 1
        assert sent < 2200, agent.tail()
        signal.sigtimedwait([], 0.002 if sent < 1000 else 0.05)
    status = agent.until_word("down")
    assert status["agent"]["pid"] == agent.pid
    assert len(agent.journal("restart.requested")) == 1
    lines = agent.lines()
    made = next(n for n, line in enumerate(lines) if "signal created" in line)
    counted = [line for line in lines[:made] if "consecutive failures" in line]
    assert [line.partition("failures: ")[2][0] for line in counted] == ["1", "2"]
    assert len(agent.lines("configuration unchanged")) >= 1


# -- modes


@pytest.mark.parametrize("umask", [0o000, 0o077])
def test_files_have_the_documented_modes_whatever_the_umask(rig, umask):
    target = rig.target()
    agent = rig.agent(
        config(watching(target, **FAST)),
        folder=rig.folder / ".agentos" / "multi_agent",
        start=False,
    )
    agent.configure(agent.config)
    shutil.rmtree(agent.folder.parent, ignore_errors=True)
    agent.folder.parent.mkdir()
    agent.folder.parent.rmdir()
    agent.extra = ["--config", str(rig.folder / "agent2.yaml")]
    (rig.folder / "agent2.yaml").write_text(json.dumps(agent.config))
    agent.config = None
    agent.errors = rig.folder / "stderr"
    agent.output = rig.folder / "stdout"
    agent.start(umask=umask)
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_signal()
    found = {name: mode(agent.folder / name) for name in os.listdir(agent.folder)}
    assert mode(agent.folder.parent) == mode(agent.folder) == 0o755
    for name in ("agent2.pid", "agent2.log", "agent2_status.json", "restart_signal"):
        assert found[name] == 0o644, name
    for name in ("agent2.db", "agent2.sock", "plan.json"):
        assert found[name] == 0o600, name


# -- the status, edited from outside


def edit(agent, program: str):
    """Run jq on the status as the guide does; return the file to be moved over it."""
    made = agent.folder / "agent2_status.json.tmp"
    with made.open("wb") as output:
        argv = ["jq", program, str(agent.status_path)]
        subprocess.run(argv, stdout=output, check=True)
    return made


def warn_once(agent, server: HealthServer) -> None:
    """Have one warning noted: a fix record without any restart."""
    before = len(agent.lines("warning_logged"))
    server.answers[:] = [http(document(status="warn"))]
    agent.send(signal.SIGUSR2)
    agent.until_line("warning_logged", count=before + 1)
    server.answers[:] = [http(document())]
    agent.send(signal.SIGUSR2)
    agent.until_word("ok")


# Looks come when they are asked for, so the agent is at rest when the file is moved.
AT_REST = {"interval": 60, "timeout": 30}


needs_jq = pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not here")


@needs_jq
def test_fixes_emptied_by_jq_and_mv_stay_empty_also_over_a_restart(rig, server):
    agent = rig.agent(config(asking(server, **AT_REST)))
    warn_once(agent, server)
    before = agent.until(lambda s: len(s["fixes"]) == 1, 60, "a fix record")
    made = edit(agent, ".fixes = []")
    seq = json.loads(made.read_bytes())["seq"]  # one may have come since
    made.chmod(0o600)
    made.replace(agent.status_path)
    agent.send(signal.SIGUSR2)
    agent.until_line("edited from outside")
    status = agent.until(lambda s: s["seq"] > seq, 60, "a later status")
    assert status["fixes"] == []
    assert status["fixes_total"] == before["fixes_total"] == 1
    assert mode(agent.status_path) == 0o644
    assert agent.stop() == 0
    agent.start()
    assert agent.until_word("ok")["fixes"] == []


@needs_jq
def test_a_fix_made_between_the_edit_and_the_mv_is_kept(rig, server):
    agent = rig.agent(config(asking(server, **AT_REST)))
    warn_once(agent, server)
    old = agent.until(lambda s: len(s["fixes"]) == 1, 60, "a fix record")["fixes"]
    made = edit(agent, ".fixes = []")
    warn_once(agent, server)
    seq = agent.until(lambda s: len(s["fixes"]) == 2, 60, "two fix records")["seq"]
    made.replace(agent.status_path)
    agent.send(signal.SIGUSR2)
    agent.until_line("edited from outside")
    (kept,) = agent.until(lambda s: s["seq"] > seq, 60, "a later status")["fixes"]
    assert kept["id"] != old[0]["id"]


@pytest.mark.parametrize("content", [b"{", b'{"fixes": 3}', b"\xff\0"])
def test_a_status_that_is_none_is_written_anew_and_nothing_is_adopted(
    rig, server, content
):
    agent = rig.agent(config(asking(server, **AT_REST)))
    warn_once(agent, server)
    other = agent.folder / "other"
    other.write_bytes(content)
    other.replace(agent.status_path)
    agent.send(signal.SIGUSR2)

    def whole():
        try:
            return agent.status().get("fixes")
        except (ValueError, AttributeError):
            return None

    fixes = wait_for(
        lambda: isinstance(whole(), list) and whole(), 60, "a whole status"
    )
    assert len(fixes) == 1


def test_a_link_in_the_place_of_the_status_is_replaced_and_not_followed(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    victim = rig.folder / "victim"
    victim.write_text("precious")
    link = agent.folder / "link"
    link.symlink_to(victim)
    link.replace(agent.status_path)
    wait_for(lambda: not agent.status_path.is_symlink(), 60, "a file of its own")
    assert victim.read_text() == "precious"
    assert agent.word() == "ok"


def test_a_backup_beside_the_status_is_left_alone(rig, server):
    agent = rig.agent(config(asking(server)))
    agent.until_word("ok")
    backup = agent.folder / "agent2_status.json.backup"
    shutil.copy(agent.status_path, backup)
    content = backup.read_bytes()
    assert agent.stop() == 0
    agent.start()
    agent.until_word("ok")
    assert backup.read_bytes() == content
