"""``gate`` and ``audit``: a person holds actions back, and it is known who and why."""

from __future__ import annotations

import json
import os
import pwd
import socket
from contextlib import closing

import pytest

from agent2.store import audits
from agent2.store.database import Database
from tests.live.cli_kit import Cli

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def gates(cli, *target):
    found = cli("gate", "list", *target, "--json").json["gates"]
    return {(one["task_id"], one["gate_name"]): one["state"] for one in found}


def test_a_pause_says_who_when_and_why_in_gate_audit_and_inbox(cli):
    told = cli("gate", "pause", "webui", "--reason", "Manual test")

    assert told.code == 0
    assert "webui: actions are paused (restart); checks and alerts go on" in told.out
    (gate,) = cli("gate", "list", "--json").json["gates"]
    assert (gate["state"], gate["reason"]) == ("AWAITING_APPROVAL", "Manual test")
    assert gate["who"] == ME
    (line,) = cli("audit", "webui", "--json").json["audit"]
    assert (line["event_type"], line["level"]) == ("SUPERVISOR_PAUSED", "warn")
    assert line["payload"]["decision_type"] == "pause"
    assert (line["payload"]["who"], line["payload"]["reason"]) == (ME, "Manual test")
    event = cli("inbox", "show", line["event_id"], "--json").json
    assert (event["event_type"], event["source"]) == ("GATE_PAUSED", "cli")
    assert event["status"] == "completed"
    assert event["audit"][0]["decision_id"] == line["decision_id"]


def test_the_audit_of_all_names_the_subject_of_each_line(cli):
    cli("gate", "pause", "webui", "--reason", "a")
    cli("gate", "pause", "--all", "--reason", "b")

    lines = [line.split("\t") for line in cli("audit").out.splitlines()]
    assert [line[2] for line in lines] == ["SUBJECT", "*", "webui"]
    found = cli("audit", "--limit", "1", "--json").json["audit"]
    assert [one["task_id"] for one in found] == ["*"]


def test_an_approval_opens_every_gate_that_holds_the_target(cli):
    cli("gate", "pause", "webui", "--reason", "a")
    cli("gate", "pause", "webui", "--gate", "open_plan", "--reason", "b")

    told = cli("gate", "approve", "webui", "--reason", "seen")

    assert "actions may go on (open_plan, restart)" in told.out
    assert set(gates(cli).values()) == {"APPROVED"}
    assert [
        one["event_type"] for one in cli("audit", "webui", "--json").json["audit"]
    ] == [
        "SUPERVISOR_ALLOWED",
        "SUPERVISOR_PAUSED",
        "SUPERVISOR_PAUSED",
    ]


def test_an_approval_of_one_says_that_the_pause_of_all_holds_it_still(cli):
    cli("gate", "pause", "--all", "--reason", "night")

    told = cli("gate", "approve", "webui")

    assert "but */restart still holds them" in told.out
    tree = cli("gate", "approve", "webui", "--json").json
    assert tree["held_by"]["reason"] == "night"
    assert cli("gate", "approve", "--all", "--json").json["held_by"] is None


def test_a_rejection_is_final_until_somebody_approves(cli):
    cli("gate", "reject", "webui", "--reason", "no")
    assert gates(cli) == {("webui", "restart"): "REJECTED"}

    cli("gate", "approve", "webui")
    assert gates(cli) == {("webui", "restart"): "APPROVED"}


def test_the_gates_of_a_target_are_its_own_and_those_of_all(cli):
    cli("gate", "pause", "webui")
    cli("gate", "pause", "other")
    cli("gate", "pause", "--all")

    assert gates(cli, "webui").keys() == {("webui", "restart"), ("*", "restart")}
    rows = cli("gate", "list", "webui").out.splitlines()
    assert rows[0].split("\t") == ["TARGET", "GATE", "STATE", "SINCE", "WHO", "REASON"]
    assert [row.split("\t")[0] for row in rows[1:]] == ["*", "webui"]


@pytest.mark.parametrize("words", [[], ["webui", "--all"]])
def test_one_target_or_all_of_them(cli, words):
    told = cli("gate", "pause", *words)

    assert told.code == 2
    assert "name one target, or give --all" in told.err
    assert not cli.state.exists()


def test_the_running_agent_is_told_to_look_at_the_gates(cli):
    cli.state.mkdir(exist_ok=True)
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as watcher:
        watcher.bind(str(cli.state / "agent2.sock"))
        watcher.settimeout(60)
        cli("gate", "pause", "webui")

        assert watcher.recv(100) == b"gates"


def test_what_cannot_be_written_changes_nothing_and_is_said(cli):
    cli("gate", "pause", "webui", "--reason", "first")
    with (
        closing(Database.open(str(cli.state / "agent2.db"))) as db,
        db.transaction() as tx,
    ):
        tx.execute(
            "CREATE TRIGGER no_audit BEFORE INSERT ON task_audits"
            " BEGIN SELECT raise(ABORT, 'the disk is full'); END"
        )

    told = cli("gate", "approve", "webui")

    assert told.code == 74
    assert "the disk is full" in told.err
    assert gates(cli) == {
        ("webui", "restart"): "AWAITING_APPROVAL"
    }  # no audit, no deed
    events = cli("inbox", "list", "--json").json["events"]
    assert [one["event_type"] for one in events] == ["GATE_PAUSED"]


def test_behind_sudo_it_is_the_person_who_is_named(cli):
    cli("gate", "pause", "webui", env={"SUDO_USER": "ann"})

    (gate,) = cli("gate", "list", "--json").json["gates"]
    assert gate["who"] == ("ann" if os.geteuid() == 0 else ME)


def test_both_languages_say_it(cli):
    told = cli("gate", "pause", "webui", "--lang", "zh")

    assert "动作已暂停" in told.out
    assert cli("audit", "nobody", "--lang", "zh").out == "对 nobody 没有任何决策\n"


def test_a_name_that_no_target_has_is_pointed_out_and_a_known_one_not(cli):
    cli.state.mkdir(exist_ok=True)
    targets = [{"name": "webui", "state": "ok"}, {"name": "db", "state": "ok"}]
    cli.write("agent2_status.json", json.dumps({"targets": targets}))

    mistyped = cli("gate", "pause", "wbeui", "--reason", "disk")
    known = cli("gate", "pause", "webui", "--reason", "disk")
    everything = cli("gate", "pause", "--all")

    warning = "! no target is called wbeui; these are watched: webui, db"
    assert mistyped.code == 0  # a task of another program may be meant
    assert mistyped.out.splitlines()[-1] == warning
    assert "!" not in known.out + everything.out


def test_the_audit_shows_what_came_of_an_action(cli):
    cli.state.mkdir(exist_ok=True)
    store = str(cli.state / "agent2.db")
    with closing(Database.open(store)) as db, db.transaction() as tx:
        came = {"action": "webui#1", "result": "failed", "detail": "exit 3"}
        audits.append(tx, "webui", "warn", "ACTION_RESULT", came, 1.7e9)

    assert cli("audit", "webui").out.splitlines()[-1].endswith("failed: exit 3")
