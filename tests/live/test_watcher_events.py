"""What the watcher notices is an event: told once, judged at once, open to others."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest
from rig import FAST, config, never, wait_for, watching

from agent2.core.builtin import failed
from agent2.core.effects import Prove
from agent2.core.model import ActionResult, TargetState
from agent2.core.policies import Decision, Ruling
from agent2.core.rulings import decide
from agent2.core.standing import Standing
from agent2.host.instance import Instance, LockedError
from agent2.host.wake import wake
from agent2.store.database import Database
from agent2.supervisor.processor import Processor
from agent2.watcher.happened import action_failed

QUICK = {"settle": 0.1, "backoff": 0.1, "backoff_max": 0.1, "intensity": 100}


def told(agent, kind: str) -> list[tuple[str, dict, str | None]]:
    """Return status, payload and audit of the events of *kind*, in order."""
    rows = agent.rows(
        "SELECT i.status, i.payload, a.event_type FROM supervisor_inbox i"
        " LEFT JOIN task_audits a ON a.event_id = i.event_id"
        " WHERE i.event_type = ? AND i.task_id = 'webui' ORDER BY i.seq",
        kind,
    )
    return [(status, json.loads(payload), audit) for status, payload, audit in rows]


def until_told(agent, kind: str) -> tuple[str, dict, str | None]:
    found = wait_for(lambda: told(agent, kind), 60, lambda: f"{kind}\n{agent.tail()}")
    return found[0]


@pytest.fixture
def target(rig):
    return rig.target()


def test_a_new_target_a_failed_check_and_a_restart_in_vain_are_told_once(rig, target):
    # Its process alone: a page that is asked while it dies may fail before it.
    entry = watching(target, restart=QUICK) | FAST | {"failure_threshold": 3}
    entry["checks"] = entry["checks"][:1]
    agent = rig.agent(config(entry))
    agent.until_word("ok")
    status, about, audit = until_told(agent, "TARGET_ADDED")
    assert (status, audit) == ("completed", "SUPERVISOR_ALLOWED")
    assert about["checks"] == ["pid"]
    assert told(agent, "CHECK_FAILED") == []

    target.send(signal.SIGKILL)
    agent.until_signal()
    status, about, audit = until_told(agent, "CHECK_FAILED")
    assert (status, audit) == ("completed", "SUPERVISOR_RETRY_RECOMMENDED")
    assert (about["reason"], about["retry_count"]) == ("process_not_alive", 0)
    agent.signal_path.unlink()  # somebody took it up, and it was of no use
    agent.until_signal()
    status, about, audit = until_told(agent, "ACTION_FAILED")
    assert (status, audit) == ("completed", "SUPERVISOR_RETRY_RECOMMENDED")
    assert agent.rows("SELECT 1 FROM actions WHERE id = ?", about["action"])

    seen = agent.status()["consecutive_failures"]
    agent.until(lambda s: s["consecutive_failures"] > seen + 5, 60, "more failures")
    agent.stop()
    agent.start()
    agent.until_word("down")
    assert len(told(agent, "CHECK_FAILED")) == 1, "an outage is told of once"
    assert len(told(agent, "TARGET_ADDED")) == 1, "a known target is none that is new"


def test_with_the_budget_spent_a_failure_is_not_to_be_tried_again():
    proof = Prove("webui#1", "webui", ActionResult.FAILED, 1.0)
    left, spent = TargetState(attempts=2), TargetState(attempts=2, exhausted_at=0.5)
    standing = Standing(1.0, max_retries=5)

    asked = failed(action_failed(proof, left, 1.0), standing)
    assert (asked.ruling, asked.reason) == (
        Ruling.RETRY,
        "service_unavailable may pass: try 3 of 5",
    )
    assert failed(action_failed(proof, spent, 1.0), standing).ruling is Ruling.BLOCK


def test_a_rule_about_failures_is_asked_by_the_supervisor(rig, target):
    rule = {"name": "look", "event": "TASK_FAILED", "then": "pause", "reason": "look"}
    entry = watching(target, restart=QUICK, failure_threshold=20) | FAST
    agent = rig.agent(config(entry, events={"rules": [rule]}))
    agent.until_word("ok")

    target.send(signal.SIGKILL)

    agent.until(lambda s: s["targets"][0]["paused"], 60, "paused by the rule")
    assert until_told(agent, "CHECK_FAILED")[2] == "SUPERVISOR_PAUSED"


@pytest.mark.parametrize(
    ("ruling", "state"),
    [(Ruling.PAUSE, "AWAITING_APPROVAL"), (Ruling.BLOCK, "REJECTED")],
)
def test_a_policy_of_another_package_holds_the_restarts_that_come_next(
    rig, target, ruling, state
):
    """The first one is done: a watcher never runs foreign code, nor waits for it."""
    entry = watching(target, restart=QUICK) | FAST
    agent = rig.agent(config(entry, events={"resident": True}))
    agent.until_word("ok")
    # The supervisor's place: this process judges, with a policy of its own.
    place = wait_for(lambda: _taken(agent), 60, "the supervisor's place")

    def foreign(event, _standing) -> Decision:
        assert event.payload["attempt"] >= 1
        return decide(ruling, "not on a Friday")

    db = Database.open(str(agent.folder / "agent2.db"))
    processor = Processor(db, now=time.time)
    processor.judge.router.register("ACTION_REQUESTED", foreign)
    try:
        target.send(signal.SIGKILL)
        agent.until_signal()

        def judged() -> bool:
            processor.process_pending_events()
            return bool(agent.rows("SELECT 1 FROM task_gates"))

        wait_for(judged, 60, "a gate")
        wake(str(agent.folder), "gates")
        agent.until_no_signal()
        never(agent.signal, 0.3, "a restart that is held")
    finally:
        processor.close()
        db.close()
        place.release()
    ((found, reason),) = agent.rows("SELECT state, reason FROM task_gates")
    assert (found, reason) == (state, "not on a Friday")
    ((audits,),) = agent.rows(
        "SELECT count(*) FROM task_audits WHERE event_id GLOB '*/notice'"
    )
    assert audits == 1


def _taken(agent) -> Instance | None:
    """Take the place of the supervisor of *agent*, ending the one that holds it."""
    path = agent.folder / "supervisor.pid"
    try:
        return Instance.acquire(str(path))
    except LockedError:
        text = path.read_text()
        if text.strip():
            os.kill(int(text.split()[0]), signal.SIGTERM)
        return None


def test_without_a_policy_of_others_a_restart_is_decided_once(rig, target):
    entry = watching(target, restart=QUICK) | FAST
    agent = rig.agent(config(entry, events={"resident": True, "mode": "autonomous"}))
    agent.until_word("ok")
    target.send(signal.SIGKILL)
    agent.until_signal()
    rows = wait_for(
        lambda: agent.rows(
            "SELECT event_id FROM supervisor_inbox WHERE event_id GLOB '*/notice'"
            " AND status = 'completed'"
        ),
        30,
        "the notice",
    )
    assert agent.rows("SELECT 1 FROM task_audits WHERE event_id = ?", *rows[0]) == []
