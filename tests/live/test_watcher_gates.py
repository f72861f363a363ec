"""Gates and the audit, in a live watcher: a pause stops restarts and nothing else."""

from __future__ import annotations

import json
import os
import select
import signal
import time

import pytest
from rig import FAST, config, never, wait_for, watching

from agent2.core.events import Event, Gate
from agent2.host.wake import wake
from agent2.store import events, gates
from agent2.store.database import Database
from tests.live.cli_kit import Cli

QUICK = {"settle": 0.1, "backoff": 0.1, "backoff_max": 0.1, "intensity": 100}


def put(agent, subject: str, state: str, reason: str = "Manual test") -> None:
    """Set a gate as another program does: the row, then the hint."""
    db = Database.open(str(agent.folder / "agent2.db"))
    try:
        with db.transaction() as tx:
            gates.put(tx, Gate(subject, "restart", state, reason, "mia", time.time()))
    finally:
        db.close()
    assert wake(str(agent.folder), "gates")


def audits(agent) -> list[tuple[str, str, dict]]:
    """Return what was decided of restarts, in order."""
    rows = agent.rows(
        "SELECT event_type, level, payload FROM task_audits WHERE task_id = 'webui'"
        " AND json_extract(payload, '$.event_type') GLOB 'ACTION_*' ORDER BY audit_id"
    )
    return [(kind, level, json.loads(payload)) for kind, level, payload in rows]


@pytest.fixture
def target(rig):
    return rig.target()


@pytest.fixture
def agent(rig, target):
    made = rig.agent(config(watching(target, restart=QUICK) | FAST))
    made.until_word("ok")
    return made


@pytest.mark.parametrize("subject", ["webui", "*"])
def test_a_pause_stops_the_restart_and_an_approval_frees_it(agent, target, subject):
    put(agent, subject, "AWAITING_APPROVAL")
    status = agent.until(lambda s: s["targets"][0]["paused"], 60, "paused")
    assert [(g["target"], g["state"], g["who"]) for g in status["gates"]] == [
        (subject, "AWAITING_APPROVAL", "mia")
    ]

    target.send(signal.SIGKILL)
    status = agent.until_word("down")
    assert status["incidents"]["open"]
    agent.until_line("restarts are paused: AWAITING_APPROVAL: Manual test (mia)")
    never(agent.signal, 0.5, "a restart in a pause")
    assert [kind for kind, _, _ in audits(agent)] == ["SUPERVISOR_PAUSED"]
    assert audits(agent)[0][1] == "warn"
    assert audits(agent)[0][2]["decision_type"] == "pause"

    put(agent, subject, "APPROVED")
    agent.until_signal()
    agent.until(lambda s: not s["targets"][0]["paused"], 60, "no pause")
    assert [kind for kind, _, _ in audits(agent)][-1] == "SUPERVISOR_ALLOWED"
    agent.until_line("restarts of webui are allowed again")


def test_a_pause_takes_back_the_order_that_lies_there(agent, target):
    target.send(signal.SIGKILL)
    agent.until_signal()

    put(agent, "webui", "REJECTED")
    agent.until_no_signal()
    never(agent.signal, 0.3, "a restart in a pause")


def test_a_pause_outlives_the_watcher(agent, target):
    put(agent, "webui", "AWAITING_APPROVAL")
    agent.until(lambda s: s["targets"][0]["paused"], 60, "paused")
    agent.kill()
    agent.process.wait(30)
    target.send(signal.SIGKILL)

    agent.start()
    agent.until_word("down")
    agent.until_line("restarts are paused")
    assert agent.signal() is None


def test_each_restart_is_decided_in_its_own_transaction_and_is_an_event(agent, target):
    target.send(signal.SIGKILL)
    agent.until_signal()
    [(action,)] = agent.rows("SELECT id FROM actions")
    [(decision, event)] = agent.rows(  # there with the signal, whatever comes later
        "SELECT decision_id, event_id FROM task_audits WHERE json_extract(payload, '$.event_type') GLOB 'ACTION_*'"
    )
    assert (decision, event) == (f"dec-{action}", f"ev-{action}")
    rows = wait_for(
        lambda: agent.rows(
            "SELECT event_type, status, source FROM supervisor_inbox"
            " WHERE event_id = ?",
            event,
        ),
        5,
        "the event's row",
    )
    assert rows == [("ACTION_REQUESTED", "completed", "watcher")]
    [(word, about)] = agent.rows(
        "SELECT status, metadata FROM tasks WHERE task_id = 'webui'"
    )
    assert word == "unhealthy"
    assert json.loads(about)["incident"]


def test_outside_the_allowed_commands_nothing_is_run(rig, tmp_path):
    note = tmp_path / "note"
    action = {"kind": "command", "argv": ["/bin/touch", str(note)]}
    target = rig.target()
    entry = watching(target, restart=QUICK | {"actions": [action]}) | FAST
    events = {"redlines": {"commands": ["/bin/systemctl"]}}
    agent = rig.agent(config(entry, events=events))
    agent.until_word("ok")

    target.send(signal.SIGKILL)
    agent.until_line("/bin/touch is not in the list of commands")
    agent.until_word("down")
    never(note.exists, 0.3, "a command that no redline allows")
    assert audits(agent)[0][0] == "SUPERVISOR_BLOCKED"


def test_in_interactive_mode_each_restart_waits_for_an_approval_of_its_own(rig):
    target = rig.target()
    entry = watching(target, restart=QUICK) | FAST
    agent = rig.agent(config(entry, events={"mode": "interactive"}))
    agent.until_word("ok")

    target.send(signal.SIGKILL)
    agent.until(lambda s: s["targets"][0]["paused"], 60, "it asks a person")
    never(agent.signal, 0.3, "a restart that nobody approved")

    put(agent, "webui", "APPROVED")
    agent.until_signal()
    agent.signal_path.unlink()  # taken up, and it did not help
    agent.until(lambda s: s["targets"][0]["paused"], 60, "it asks again")
    assert len(agent.journal("restart.requested")) == 1


def test_a_rule_of_the_configuration_forbids_a_restart(rig):
    target = rig.target()
    rule = {
        "name": "by-hand",
        "event": "ACTION_REQUESTED",
        "when": [{"field": "payload.reason", "value": "process_not_alive"}],
        "then": "block",
        "reason": "only people restart it",
    }
    entry = watching(target, restart=QUICK) | FAST
    agent = rig.agent(config(entry, events={"rules": [rule]}))
    agent.until_word("ok")

    target.send(signal.SIGKILL)
    agent.until_line("its restart is forbidden: only people restart it")
    never(agent.signal, 0.3, "a restart that a rule forbids")


def push(agent, name: str, *, hint: bool = True, **payload) -> None:
    """Put an event in as another program does: the row, then the hint."""
    event = Event(name, "eventbus", "webui", "TASK_CREATED", time.time(), payload)
    db = Database.open(str(agent.folder / "agent2.db"))
    try:
        with db.transaction() as tx:
            assert events.add(tx, (event,), time.time()) == [name]
    finally:
        db.close()
    if hint:
        assert wake(str(agent.folder), "events")


def until_decided(agent, name: str) -> str:
    rows = wait_for(
        lambda: agent.rows("SELECT payload FROM task_audits WHERE event_id = ?", name),
        10,
        f"a decision of {name}: {agent.tail()}",
    )
    return json.loads(rows[0][0])["decision_type"]


def test_an_event_that_is_pushed_has_the_watcher_start_a_supervisor(agent):
    assert not (agent.folder / "supervisor.pid").exists()
    push(agent, "evt_1")
    assert until_decided(agent, "evt_1") == "allow"


def test_a_policy_that_pauses_a_target_stops_its_restarts_at_once(agent, target):
    push(agent, "evt_1", risk_level="medium")
    assert until_decided(agent, "evt_1") == "pause"
    agent.until(lambda s: s["targets"][0]["paused"], 60, "paused")

    target.send(signal.SIGKILL)
    agent.until_word("down")
    agent.until_line("restarts are paused")
    assert agent.signal() is None


def test_an_event_that_nobody_told_of_is_judged_at_the_next_start(rig, agent):
    agent.stop()
    push(agent, "evt_1", hint=False)
    agent.start()
    assert until_decided(agent, "evt_1") == "allow"


def supervisor(agent) -> int:
    try:
        text = (agent.folder / "supervisor.pid").read_text()
    except FileNotFoundError:
        return 0
    return int(text.split()[0]) if text.strip() else 0


def test_a_supervisor_that_is_to_stay_comes_back_when_killed_and_leaves_though_frozen(
    rig, target
):
    agent = rig.agent(config(watching(target) | FAST, events={"resident": True}))

    first = wait_for(lambda: supervisor(agent), 60, "a supervisor")
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: supervisor(agent) not in {0, first}, 60, "another one")
    push(agent, "evt_1")
    assert until_decided(agent, "evt_1") == "allow"

    frozen = os.pidfd_open(supervisor(agent))
    signal.pidfd_send_signal(frozen, signal.SIGSTOP)
    assert agent.stop() == 0
    assert select.select([frozen], [], [], 20)[0], "it is still there"
    os.close(frozen)


def test_each_change_of_health_is_an_event_that_was_judged(agent, target):
    target.send(signal.SIGKILL)
    agent.until_word("down")

    def rows():
        return agent.rows(
            "SELECT i.payload, i.status, a.event_type FROM supervisor_inbox i"
            " JOIN task_audits a ON a.event_id = i.event_id"
            " WHERE i.event_type = 'TARGET_STATE_CHANGED' ORDER BY i.seq"
        )

    wait_for(lambda: len(rows()) >= 3, 60, "three changes")
    assert [json.loads(row[0])["to"] for row in rows()][:3] == [
        "healthy",
        "failing",
        "unhealthy",
    ]
    assert {row[1:] for row in rows()} == {("completed", "SUPERVISOR_ALLOWED")}


def test_a_rule_about_changes_of_health_is_asked_by_the_supervisor(rig, target):
    when = [{"field": "payload.to", "value": "failing"}]
    rule = {"name": "wait", "event": "TARGET_STATE_CHANGED", "when": when}
    rule |= {"then": "pause", "reason": "look first"}
    settings = {"failure_threshold": 20, "restart": QUICK}
    entry = watching(target, **settings) | FAST
    agent = rig.agent(config(entry, events={"rules": [rule]}))
    agent.until_word("ok")

    target.send(signal.SIGKILL)
    agent.until(lambda s: s["targets"][0]["paused"], 60, "paused by its rule")
    agent.until_line("restarts are paused", 60)
    assert agent.signal() is None


def test_what_came_of_a_restart_stands_in_the_audit_behind_its_decision(rig, target):
    agent = rig.agent(config(watching(target) | FAST))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_signal()
    agent.signal_path.unlink()  # somebody took it up
    target.start()
    agent.until_word("ok")

    def lines() -> list[tuple[str, str]]:
        return agent.rows(
            "SELECT event_type, json_extract(payload, '$.result') FROM task_audits"
            " WHERE event_id = (SELECT 'ev-' || id FROM actions) ORDER BY audit_id"
        )

    wait_for(lambda: len(lines()) >= 3, 60, lambda: f"a result: {lines()}")
    assert lines() == [
        ("SUPERVISOR_ALLOWED", None),
        ("ACTION_RESULT", "requested"),
        ("ACTION_RESULT", "success"),
    ]


def test_a_start_after_a_kill_makes_up_for_the_event_that_did_not_follow(agent, target):
    target.send(signal.SIGKILL)
    agent.until_signal()
    agent.kill()
    agent.process.wait(30)
    db = Database.open(str(agent.folder / "agent2.db"))
    with db.transaction() as tx:  # as it is when the kill came right after the commit
        tx.execute("UPDATE actions SET result = 'planned'")
        tx.execute("DELETE FROM supervisor_inbox")
        tx.execute("DELETE FROM tasks")
    db.close()

    agent.start()
    found = wait_for(
        lambda: agent.rows(
            "SELECT event_id FROM supervisor_inbox"
            " WHERE event_type = 'ACTION_REQUESTED' AND status = 'completed'"
        ),
        10,
        "the event",
    )
    assert found == agent.rows("SELECT 'ev-' || id FROM actions")
    assert agent.rows("SELECT 1 FROM tasks WHERE task_id = 'webui'")


def test_the_command_line_pauses_a_live_target_and_the_status_is_still_valid(
    agent, target, tmp_path
):
    cli = Cli(tmp_path, AGENT2_HOME=str(agent.folder))
    assert cli("gate", "pause", "webui", "--reason", "new disk").code == 0
    agent.until(lambda s: s["targets"][0]["paused"], 60, "paused")
    told = cli("status", "--validate")
    assert (told.code, told.err) == (0, "")

    target.send(signal.SIGKILL)
    agent.until_line("restarts are paused: AWAITING_APPROVAL: new disk")
    assert agent.signal() is None
    assert cli("gate", "approve", "webui", "--reason", "done").code == 0
    agent.until_signal()
