"""``agent2 demo``: all three programs, a kill, a repair, nothing left behind."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import urllib.request

import jsonschema
import pytest

from tests.live.cli_kit import ROOT, Cli, until
from tests.live.rig import wait_for


@pytest.fixture
def cli(tmp_path):
    made = Cli(tmp_path)
    yield made
    made.close()


def schema(name):
    return json.loads((ROOT / "agent2" / "schemas" / f"{name}.json").read_text())


@pytest.mark.slow
def test_kill_shows_notice_signal_restart_and_recovery(cli):
    begun = cli("demo", "--port", "0")
    assert begun.code == 0, begun.err
    assert "webui: ok [pid ok " in begun.out
    assert "demo kill" in begun.out
    jsonschema.validate(cli.status(), schema("status"))
    url = re.search(r"API: (http://\S+)", begun.out)[1]
    with urllib.request.urlopen(f"{url}api/v1/targets/webui", timeout=30) as answer:
        assert json.load(answer)["state"] == "ok"
    assert "Demo target" in cli("demo", "--port", "0").out  # again is no trouble

    killed = cli("demo", "kill")

    assert killed.code == 0, killed.out + killed.err
    lines = killed.out.splitlines()
    times = [float(re.match(r" +([0-9.]+) s  ", line)[1]) for line in lines[:-1]]
    assert times == sorted(times)
    text = killed.out
    for earlier, later in (
        ("kill -9", "death noticed"),
        ("death noticed", "the threshold is reached"),
        ("the threshold is reached", "restart_signal: {"),
        ("restart_signal: {", "Agent1 restarted"),
        ("the threshold is reached", "new process"),
        ("new process", "is healthy again"),
    ):
        assert text.index(earlier) < text.index(later), (earlier, later)
    assert "fix result: success" in text
    (shown,) = re.findall(r"restart_signal: (\{.*\})", text)
    signal = json.loads(shown)
    jsonschema.validate(signal, schema("restart-signal"))
    assert list(signal)[:3] == ["timestamp", "reason", "requested_by"]
    assert signal["reason"] == "process_not_alive"
    status = cli.status()
    jsonschema.validate(status, schema("status"))
    assert status["fixes"][-1]["result"] == "success"
    assert cli("check").code == 0  # of what the running agent watches

    assert cli("gate", "pause", "webui", "--reason", "new disk").code == 0
    held = cli("demo", "kill")  # says who holds it, and does not wait for it
    assert held.code == 1
    assert "the restart is withheld: " in held.out.splitlines()[-1]
    assert held.out.splitlines()[-1].endswith("agent2 gate approve webui")
    assert cli("gate", "approve", "webui").code == 0
    wait_for(lambda: cli.status()["health_status"] == "ok", 30.0, "the repair")

    assert cli("demo", "fault", "warn").code == 0
    assert cli("check").code == 1
    assert cli("demo", "stop").code == 0
    told = subprocess.run(["ps", "axww", "-o", "args="], capture_output=True, text=True)
    assert str(cli.state) not in told.stdout
    assert not (cli.state / "demo.yaml").exists()


def test_a_taken_port_is_said_and_another_is_used(cli):
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with contextlib.suppress(
            AssertionError
        ):  # somebody else keeps it: just as well
            until(lambda: taken.bind(("127.0.0.1", 8080)) or taken.listen() or True)
        told = cli("demo", "target", "start")

    assert told.code == 0, told.err
    (port,) = re.findall(
        r"Port 8080 is taken: the demo target listens on (\d+)", told.out
    )
    assert f"http://127.0.0.1:{port}/" in told.out
    assert cli("demo", "target", "status").code == 0
    assert cli("demo", "target", "stop").code == 0
    assert cli("demo", "target", "status").code == 3


def test_a_pid_file_of_somebody_else_is_left_alone(cli):
    cli.state.mkdir(exist_ok=True)
    path = cli.state / "webui.pid"
    path.write_text(f"{os.getpid()}\n")

    told = cli("demo", "target", "start", "--port", "0")

    assert told.code == 0, told.err
    assert "belongs to another program" in told.out
    assert path.read_text() == f"{os.getpid()}\n"


def test_an_agent_at_work_is_not_taken_over(cli):
    cli.config("version: 1\ntargets: [{name: mine, checks: [{kind: tcp, port: 1}]}]\n")
    cli("start")

    told = cli("demo", "--port", "0")

    assert told.code == 75
    assert "agent2.yaml" in told.err
    assert "--state-dir" in told.err
    assert cli.status()["primary"] == "mine"


@pytest.mark.parametrize("words", ["kill", "stop", "fault ok", "status", "target stop"])
def test_without_a_demo_there_is_nothing_to_do(cli, words):
    told = cli("demo", *words.split())

    assert told.code == 69
    assert told.err.splitlines()[-1] == "Try: agent2 demo"


def test_the_default_places_are_those_of_the_documents(tmp_path):
    cli = Cli(tmp_path)
    del cli.env["AGENT2_HOME"]
    try:
        assert cli("demo", "target", "start", "--port", "0").code == 0
        assert (cli.home / ".agentos" / "webui.pid").read_text().strip().isdigit()
        assert (cli.home / ".agentos" / "multi_agent" / "demo.yaml").exists()
    finally:
        assert cli("demo", "target", "stop").code == 0
