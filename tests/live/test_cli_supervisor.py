"""``supervisor`` and a running agent: what is pushed is decided by them, at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing

import pytest

from agent2.store.database import Database
from tests.live.cli_kit import MAIN, Cli, until
from tests.ports import reserved

pytestmark = pytest.mark.slow


@pytest.fixture
def cli(tmp_path):
    made = Cli(tmp_path)
    made.config(
        "version: 1\n"
        "targets:\n"
        f"  - {{name: webui, checks: [{{kind: tcp, port: {reserved()}}}]}}\n"
        "events:\n"
        "  rules:\n"
        "    - {name: busy, event: TASK_CREATED, then: pause, reason: too busy,\n"
        "       when: [{field: payload.load, op: gt, value: 5}]}\n"
    )
    yield made
    made.close()


def trail(cli):
    return (cli.state / "supervisor.log").read_text(encoding="utf-8")


def test_a_supervisor_in_the_foreground_decides_what_is_pushed_and_leaves(cli):
    argv = [sys.executable, str(MAIN), "supervisor", "run"]
    with subprocess.Popen(argv, env=cli.env, stderr=subprocess.PIPE) as program:
        until(lambda: (cli.state / "supervisor.sock").exists())
        assert cli("supervisor", "status").code == 0
        cli("events", "test")
        assert cli("inbox", "stats", "--json").json["subscribers"] == 1
        assert "\nagent2_event_subscribers 1\n" in cli("metrics").out
        told = cli("events", "push", "--type", "TASK_CREATED", "--subject", "task_1",
                   "--payload", '{"load": 9}')  # fmt: skip
        program.send_signal(signal.SIGTERM)
        assert program.wait(30) == 0

    assert "TASK_CREATED decision: pause (too busy)" in told.out
    assert "TASK_CREATED decision: pause (findings=1) for task task_1" in trail(cli)
    (gate,) = cli("gate", "list", "task_1", "--json").json["gates"]
    assert gate["state"] == "AWAITING_APPROVAL"
    assert cli("supervisor", "status").code == 3


def test_the_status_says_what_is_held_and_how_to_let_it_go_on(cli):
    assert cli("start").code == 0
    cli("gate", "pause", "webui", "--reason", "new disk")

    until(lambda: "webui: actions are paused: new disk" in cli("status").out)

    assert "(agent2 gate approve webui)" in cli("status").out
    cli("gate", "approve", "webui")
    for _ in range(2):
        cli("events", "push", "--type", "X", "--subject", "t", "--id", "e", "--no-wait")
    log = cli.state / "agent2.log"
    said = "WARNING - Duplicate event from EventBus (deduped): e (task=t)"
    until(lambda: said in log.read_text(encoding="utf-8"))
    until(lambda: "actions are paused" not in cli("status").out)


def test_with_a_running_agent_the_test_event_goes_through_and_one_decides_it(cli):
    assert cli("start").code == 0

    answers = [cli("events", "test", "--json") for _ in range(3)]

    assert [one.code for one in answers] == [0, 0, 0]
    assert [one.json["status"] for one in answers] == ["completed"] * 3
    with closing(Database.open(str(cli.state / "agent2.db"))) as db:
        rows = db.rows(
            "SELECT fence FROM supervisor_inbox WHERE event_type = 'TEST_EVENT'"
        )
    assert rows == [(1,)] * 3


def test_a_refused_configuration_is_said_before_anything_starts(cli):
    cli.config("version: 1\ntargets: nothing\n")

    told = cli("supervisor", "run")

    assert told.code == 78
    assert "is refused" in told.err
