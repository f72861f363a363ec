"""The scripts of the documents: thin, idempotent, the same from any directory."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys

import pytest

from tests.live.cli_kit import ROOT, Cli, holding
from tests.ports import reserved

PROGRAMS = sorted((ROOT / "scripts").iterdir())
SCRIPTS = [path for path in PROGRAMS if path.suffix != ".py"]  # of the shell
RUNNABLE = [path for path in SCRIPTS if path.name != "lib.sh"]
CONFIG = (
    "version: 1\ntargets: [{{name: webui, checks: [{{kind: tcp, port: {port}}}]}}]\n"
)


@pytest.fixture
def cli(tmp_path):
    made = Cli(tmp_path)
    made.config(CONFIG.format(port=reserved()))
    yield made
    made.close()


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="no shellcheck here")
def test_shellcheck_has_nothing_to_say():
    told = subprocess.run(
        ["shellcheck", "-x", *SCRIPTS, ROOT / ".ci" / "run"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert (told.returncode, told.stdout) == (0, "")


@pytest.mark.parametrize(
    "path", [*PROGRAMS, ROOT / ".ci" / "run"], ids=lambda p: p.name
)
def test_a_script_is_executable(path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


@pytest.mark.parametrize(
    "path", [*RUNNABLE, ROOT / ".ci" / "run"], ids=lambda p: p.name
)
def test_a_script_stops_at_the_first_error(path):
    text = path.read_text()

    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text


def test_all_scripts_of_the_documents_are_there():
    names = {path.name for path in SCRIPTS}

    assert {"start_agent2.sh", "stop_agent2.sh", "status_agent2.sh"} <= names
    assert {"manage_multi_agent.sh", "test_agent2.sh", "check", "lock"} <= names


def test_start_status_stop_from_any_directory(cli):
    assert cli.script("status_agent2.sh", cwd="/").code == 3
    started = cli.script("start_agent2.sh", cwd="/", env={"LANG": "zh_CN.UTF-8"})
    assert started.code == 0, started.err
    pid = cli.pid()
    assert f"Agent2 启动成功 (PID: {pid})" in started.out
    again = cli.script("start_agent2.sh")
    assert (again.code, cli.pid()) == (0, pid)
    assert f"already running (PID: {pid})" in again.out
    assert cli.script("status_agent2.sh").code == 0
    assert cli.script("stop_agent2.sh").code == 0
    assert cli.script("stop_agent2.sh").code == 0
    assert cli.script("status_agent2.sh").code == 3


def test_the_agent_is_found_by_the_name_of_its_file(cli):
    cli.script("start_agent2.sh")

    told = subprocess.run(
        "ps aux | grep agent2_monitor.py",
        shell=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"], "COLUMNS": "1000"},  # no terminal: ps cuts
    )
    assert str(cli.pid()) in [line.split()[1] for line in told.stdout.splitlines()]


def test_status_is_plain_and_needs_no_terminal_and_no_jq(cli, tmp_path):
    poor = tmp_path / "poor"
    poor.mkdir()
    for name in ("bash", "env", "dirname"):
        (poor / name).symlink_to(shutil.which(name))
    cli.state.mkdir(exist_ok=True)
    with holding(cli.state / "agent2.pid", "agent2_monitor.py"):
        env = {"PATH": str(poor), "FORCE_COLOR": "1", "TERM": "xterm"}
        first = cli.script("status_agent2.sh", env=env)
        second = cli.script("status_agent2.sh", env=env)

    assert (first.code, first.err) == (0, "")
    assert "\x1b" not in first.out
    shape = re.compile(r"[0-9.]+")
    assert shape.sub("0", first.out) == shape.sub("0", second.out)


def test_status_speaks_lsb(cli):
    cli.state.mkdir(exist_ok=True)
    (cli.state / "agent2.pid").write_text("999999\n")
    assert cli.script("status_agent2.sh").code == 1
    with holding(cli.state / "agent2.pid", "nginx"):
        assert cli.script("status_agent2.sh").code == 4


def test_all_twelve_ways_to_manage(cli):
    def manage(verb, agent):
        return cli.script("manage_multi_agent.sh", verb, agent)

    expected = {
        "start": {"agent2": 0, "agent1": 0, "all": 0},
        "status": {"agent2": 0, "agent1": 0, "all": 0},
        "restart": {"agent2": 0, "agent1": 0, "all": 0},
        "stop": {"all": 0, "agent1": 0, "agent2": 0},
    }
    for verb, agents in expected.items():
        for agent, code in agents.items():
            told = manage(verb, agent)
            assert told.code == code, f"{verb} {agent}: {told}"
    assert manage("status", "all").code == 3


def test_all_are_stopped_with_the_watcher_first(cli):
    cli.script("manage_multi_agent.sh", "start", "all")

    told = cli.script("manage_multi_agent.sh", "stop", "all")

    assert told.out.index("Agent2 stopped") < told.out.index("Agent1 stopped")


@pytest.mark.parametrize(
    "words", [(), ("start",), ("begin", "all"), ("start", "agent3"), ("a", "b", "c")]
)
def test_a_wrong_word_is_usage(cli, words):
    told = cli.script("manage_multi_agent.sh", *words)

    assert told.code == 2
    assert "{start|stop|restart|status} {agent1|agent2|all}" in told.err


def test_without_an_environment_the_way_out_is_named(cli, tmp_path):
    env = {"AGENT2_PYTHON": "", "AGENT2_VENV": str(tmp_path / "none")}

    told = cli.script("stop_agent2.sh", env=env)

    assert told.code == 69
    assert "start_agent2.sh" in told.err


def test_the_test_script_tells_each_test_and_a_total_and_passes_exit_codes_through(cli):
    good = cli.script("test_agent2.sh", "-q", "tests/core/test_text.py")
    bad = cli.script("test_agent2.sh", "-q", "tests/core/no_such_file.py")

    assert good.code == 0, good.out + good.err
    *_, total = lines = good.out.splitlines()
    told = [
        line for line in lines if line.startswith("PASSED tests/core/test_text.py::")
    ]
    assert total.startswith(f"{len(set(told))} passed")
    assert bad.code == 4


def test_ci_runs_the_test_script():
    assert "scripts/test_agent2.sh" in (ROOT / ".ci" / "run").read_text()


# -- the virtual environment

STUB = """#!/bin/sh
printf '%s\\n' "$*" >> "$(dirname "$0")/../calls"
"""


@pytest.fixture
def venv(tmp_path):
    """An environment whose Python only writes down what it is asked to do."""
    python = tmp_path / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(STUB)
    python.chmod(0o755)
    return tmp_path / "venv"


def start_with(cli, venv, *words):
    env = {"AGENT2_PYTHON": "", "AGENT2_VENV": str(venv)}
    told = cli.script("start_agent2.sh", *words, env=env)
    calls = (venv / "calls").read_text().splitlines()
    (venv / "calls").unlink()
    return told, calls


def test_packages_are_installed_by_their_hashes_and_only_once(cli, venv):
    told, calls = start_with(cli, venv)

    assert f"激活虚拟环境: {venv}" in told.out
    assert len(calls) == 3
    assert "--require-hashes" in calls[0]
    assert calls[0].endswith("requirements.lock")
    for word in ("--no-deps", "--no-build-isolation", "editable_mode=compat"):
        assert word in calls[1]
    assert calls[2].endswith("agent2/__main__.py start")

    calls = start_with(cli, venv, "--profile", "dev")[1]
    assert calls == [f"{ROOT}/agent2/__main__.py start --profile dev"]


def test_a_changed_lock_file_installs_anew(cli, venv):
    start_with(cli, venv)
    (venv / ".agent2-requirements.lock").write_text("of another lock file")

    assert len(start_with(cli, venv)[1]) == 3


def test_demo_is_one_word_more(cli, venv):
    start_with(cli, venv)

    calls = start_with(cli, venv, "--demo", "--port", "0")[1]

    assert calls == [f"{ROOT}/agent2/__main__.py demo --port 0"]


def test_a_folder_that_cannot_be_written_gets_a_clear_line(cli, venv):
    if os.getuid() == 0:
        pytest.skip("root may write everywhere")
    start_with(cli, venv)
    (venv / ".agent2-requirements.lock").unlink()
    venv.chmod(0o555)

    told = cli.script(
        "start_agent2.sh", env={"AGENT2_PYTHON": "", "AGENT2_VENV": str(venv)}
    )

    assert told.code == 77
    assert "AGENT2_VENV" in told.err


def test_the_interpreter_of_these_tests_is_honoured(cli):
    told = cli.script("agent2", "version", "--json")

    assert told.json["interpreter"] == sys.executable
