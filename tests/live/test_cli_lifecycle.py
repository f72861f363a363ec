"""start, stop, restart, reload, run: with the real watcher, as a user types them."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys

import pytest

from agent2.core.events import Event
from agent2.supervisor.documents.inbox import push
from tests.live.cli_kit import MAIN, ROOT, Cli, holding, until
from tests.ports import reserved

TARGET = """\
version: 1
defaults: {{interval: {interval}, timeout: 10s}}
targets:
  - name: webui
    checks:
      - {{kind: tcp, port: {port}}}
"""


@pytest.fixture
def cli(tmp_path):
    made = Cli(tmp_path)
    made.config(TARGET.format(interval="1s", port=reserved()))
    yield made
    made.close()


def mode(path):
    return oct(stat.S_IMODE(os.stat(path).st_mode))


def test_start_prints_the_documented_lines_in_chinese(cli):
    told = cli("start", "--lang", "zh")

    pid = cli.pid()
    lines = told.out.splitlines()
    assert told.code == 0
    assert lines[:4] == [
        "启动 Agent2 监控器...",
        f"日志文件: {cli.state}/agent2.log",
        f"PID 文件: {cli.state}/agent2.pid",
        f"Agent2 启动成功 (PID: {pid})",
    ]
    assert len(lines) == 7
    for line, word in zip(lines[4:], ("日志", "停止", "状态"), strict=True):
        assert word in line


def test_start_returns_only_when_all_is_there(cli):
    assert cli("start").code == 0

    # No waiting here: that is the point.
    assert cli.status()["agent"]["pid"] == cli.pid()
    assert cli("status", "--lsb").code == 0


def test_a_second_start_says_so_and_changes_nothing(cli):
    cli("start")
    pid = cli.pid()

    told = cli("start")

    assert told.code == 0
    assert f"already running (PID: {pid})" in told.out
    assert cli.pid() == pid


def test_starts_at_the_same_time_make_one_agent(cli):
    words = [sys.executable, str(MAIN), "start"]
    children = [
        subprocess.Popen(words, env=cli.env, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = [child.communicate(timeout=30)[0] for child in children]

    assert [child.returncode for child in children] == [0, 0, 0, 0]
    started = [text for text in told if "Agent2 started" in text]
    assert len(started) == 1
    assert f"(PID: {cli.pid()})" in started[0]


def test_a_stale_pid_file_is_no_hindrance(cli):
    cli.write("agent2.pid", f"{os.getpid()}\n")

    told = cli("start")

    assert told.code == 0
    assert "Stale PID file" in told.out
    assert cli.pid() != os.getpid()


@pytest.mark.parametrize("umask", [0o077, 0o000])
def test_modes_do_not_depend_on_the_umask(tmp_path, umask):
    cli = Cli(tmp_path)
    cli.config(TARGET.format(interval="1s", port=reserved()))
    line = f"umask {umask:04o}; exec {sys.executable} {MAIN} start"
    env = {k: v for k, v in cli.env.items() if k != "AGENT2_HOME"}
    cli.state = cli.home / ".agentos" / "multi_agent"
    try:
        subprocess.run(["sh", "-c", line], env=env, check=True, capture_output=True)

        assert mode(cli.home / ".agentos") == mode(cli.state) == "0o755"
        for name in ("agent2_status.json", "agent2.log", "agent2.pid"):
            assert mode(cli.state / name) == "0o644", name
    finally:
        cli.env["AGENT2_HOME"] = str(cli.state)
        cli("stop")


def test_the_documents_name_of_the_store_names_the_folder_and_finds_it(tmp_path):
    path = tmp_path / "data" / "agentos.db"
    cli = Cli(tmp_path, AGENTOS_DB_PATH=str(path))
    del cli.env["AGENT2_HOME"]
    cli.state = path.parent
    cli.config(TARGET.format(interval="1s", port=reserved()))
    try:
        assert cli("start").code == 0

        assert (cli.state / "agent2.pid").exists()
        assert not (cli.home / ".agentos").exists()
        assert path.resolve() == cli.state / "agent2.db"
        monitor = [sys.executable, str(ROOT / "scripts" / "monitor_supervisor.py")]
        told = subprocess.run([*monitor, "--db", path, "--once"], capture_output=True)
        assert (told.returncode, told.stderr) == (0, b"")
        push(path, Event("ev-1", "eventbus", "nightly", "TEST_EVENT", 1.8e9, {}))
        assert cli("inbox", "show", "ev-1", "--json").json["task_id"] == "nightly"
        assert not path.with_name("agentos.db.lock").exists(), "one store, two locks"
    finally:
        cli("stop")


def test_stop_leaves_a_status_that_says_so_and_no_pid_file(cli):
    cli("start")

    told = cli("stop")

    assert told.code == 0
    assert "Agent2 stopped" in told.out
    assert not (cli.state / "agent2.pid").exists()
    assert cli.status()["status"] == "stopped"
    assert cli("stop").code == 0


def test_stop_wakes_an_agent_that_was_stopped(cli):
    cli("start")
    os.kill(cli.pid(), signal.SIGSTOP)

    told = cli("stop")

    assert told.code == 0
    assert "KILL" not in told.out
    assert cli.status()["status"] == "stopped"


def test_stop_kills_what_does_not_listen(cli):
    path = cli.state / "agent2.pid"
    with holding(path, "agent2_monitor.py", "deaf") as child:
        told = cli("stop", "--timeout", "0.2")

        assert told.code == 0
        assert "KILL" in told.out
        assert child.wait(30) == -signal.SIGKILL
    assert not path.exists()


def test_restart_keeps_the_configuration_that_it_was_started_with(cli, tmp_path):
    other = tmp_path / "other.yaml"
    text = TARGET.format(interval="1s", port=reserved())
    other.write_text(text.replace("webui", "other"))
    del cli.env["AGENT2_CONFIG"]
    cli("start", "-c", other, "--profile", "dev")
    old = cli.pid()

    assert cli("restart").code == 0

    assert cli.pid() != old
    assert cli.status()["primary"] == "other"
    assert cli.status()["agent"]["config"]["profile"] == "dev"
    assert cli("check", "--json").json["targets"][0]["name"] == "other"


@pytest.mark.parametrize("words", [("restart",), ("manage",)])
def test_what_could_not_start_again_is_not_stopped(cli, words):
    cli("start")
    pid = cli.pid()
    path = cli.config("version: 1\ntargets: [")

    if words == ("manage",):
        told = cli.script("manage_multi_agent.sh", "restart", "all")
    else:
        told = cli(*words)
        assert f"runs on as it was (PID: {pid})" in told.err

    assert told.code == 78
    assert f"{path}:" in told.err
    assert cli.pid() == pid
    assert cli("status", "--lsb").code == 0


def test_what_is_no_pid_file_is_not_said_to_be_stopped(cli):
    (cli.state / "agent2.pid").mkdir(parents=True)

    told = cli("stop")

    assert told.code == 74
    assert "agent2.pid is no PID file" in told.err


def test_the_way_out_of_a_refused_start_is_the_command_that_was_meant(cli, tmp_path):
    bad = tmp_path / "bad one.yaml"
    bad.write_text("version: 1\n")
    told = cli("start", "-c", bad)
    assert f"agent2 config check --config '{bad}'" in told.err
    assert "did not start: agent2:" not in told.err


def test_a_start_that_watches_something_else_than_the_last_run_says_so(cli, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text(TARGET.format(interval="1s", port=reserved()))
    shutil.rmtree(cli.state)
    assert "the last run" not in cli("start", "-c", other).out
    os.kill(cli.pid(), signal.SIGKILL)
    until(lambda: cli("status", "--lsb").code == 1)

    told = cli("start")

    assert (
        f"! the last run watched {other}, this one {cli.env['AGENT2_CONFIG']}"
        in told.out
    )
    assert f"agent2 restart --config {other}" in told.out


def test_restart_of_what_does_not_run_starts_it(cli):
    assert cli("restart").code == 0
    assert cli("status", "--lsb").code == 0


def test_a_bad_configuration_does_not_start_and_says_where(cli):
    path = cli.config("version: 1\ntargets:\n  - name: webui\n    chekcs: []\n")

    told = cli("start")

    assert told.code == 78
    assert f"{path}:4:" in told.err
    assert "chekcs" in told.err
    assert "Try:" in told.err
    assert not (cli.state / "agent2.pid").exists()


def test_reload_takes_a_new_configuration(cli):
    cli("start")
    pid = cli.pid()
    text = TARGET.format(interval="1s", port=reserved())
    cli.config(text.replace("webui", "renamed"))

    told = cli("reload")

    assert (told.code, told.err) == (0, "")
    assert f"(PID: {pid})" in told.out
    assert cli.status()["primary"] == "renamed"


def test_reload_shows_what_is_wrong_and_the_old_configuration_stays(cli):
    cli("start")
    cli.config("version: 1\ntargets: [")

    for _ in range(2):  # the same refusal twice is told twice
        told = cli("reload")

        assert told.code == 78
        assert "the old one stays" in told.err
        assert "agent2.yaml:" in told.err
    assert cli.status()["primary"] == "webui"
    assert cli("status", "--exit-code").code in (0, 1, 2)


def test_reload_of_what_does_not_run_says_so(cli):
    told = cli("reload")

    assert told.code == 69
    assert "Try: agent2 start" in told.err


def test_run_is_the_watcher_itself_with_the_same_pid(cli):
    child = subprocess.Popen(
        [sys.executable, str(MAIN), "run"], env=cli.env, stdout=subprocess.DEVNULL
    )
    try:
        assert until(cli.pid) == child.pid
        until(lambda: cli.status()["agent"]["pid"] == child.pid)
        told = subprocess.run(
            ["ps", "-ww", "-o", "args=", "-p", str(child.pid)],
            capture_output=True,
            text=True,
        )
        assert "agent2_monitor.py" in told.stdout
    finally:
        child.terminate()
        assert child.wait(30) == 0


def test_a_second_run_has_a_code_of_its_own_and_names_the_first(cli):
    cli("start")

    told = cli("run")

    assert told.code == 75
    assert str(cli.pid()) in told.err


def test_a_folder_that_cannot_be_made(cli):
    (cli.home / "file").write_text("")

    told = cli("start", "--state-dir", cli.home / "file" / "state")

    assert told.code == 73
    assert "--state-dir" in told.err


def test_a_program_that_breaks_at_once_is_told_with_its_words(cli, tmp_path):
    """Not the watcher but what stands in its place: the door must still tell."""
    shutil.copytree(ROOT / "agent2", tmp_path / "agent2")
    broken = tmp_path / "agent2" / "agent2_monitor.py"
    argv = [sys.executable, tmp_path / "agent2" / "__main__.py", "start"]

    for words in ("the disk is on fire", "the fire is out"):
        broken.write_text(f"import sys\nsys.exit({words!r})\n")
        told = subprocess.run(argv, env=cli.env, capture_output=True, text=True)
        assert told.returncode == 1
        assert words in told.stderr

    assert "on fire" not in told.stderr  # that was the last time


def test_the_restarter_has_the_same_life(cli):
    cli("start")  # the restarter reads the plan that the watcher had compiled

    assert cli("restarter", "status").code == 3
    assert cli("restarter", "start").code == 0
    pid = cli.pid("agent1.pid")
    assert f"PID: {pid}" in cli("restarter", "status").out
    assert f"already running (PID: {pid})" in cli("restarter", "start").out
    assert cli("restarter", "restart").code == 0
    assert cli.pid("agent1.pid") != pid
    assert cli("restarter", "stop").code == 0
    assert cli("restarter", "status").code == 3


def test_holding_is_what_the_agent_does(tmp_path):
    """The stand-in of these tests locks as the real one: start sees it."""
    cli = Cli(tmp_path)
    cli.state.mkdir(exist_ok=True)
    with holding(cli.state / "agent2.pid", "agent2_monitor.py") as child:
        assert f"already running (PID: {child.pid})" in cli("start").out
