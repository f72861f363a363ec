"""What people say to a live watcher: silence, acknowledge, restart, look, close."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import pytest
from rig import FAST, config, never, wait_for, watching

from agent2.core.silences import Silence
from agent2.host.wake import wake
from agent2.store import orders, spoken
from agent2.store.database import Database
from agent2.store.orders import Order
from agent2.store.spoken import Word
from tests.fakes.channels import channel

QUICK = {"settle": "0.3s", "backoff": "0.1s", "backoff_max": "0.1s", "intensity": 100}
OK = b'{"status": "ok"}'


def said(agent, deed):
    """Do *deed* with the store as another program does, then give the hint."""
    db = Database.open(str(agent.folder / "agent2.db"))
    try:
        found = deed(db)
    finally:
        db.close()
    wake(str(agent.folder), "people")
    return found


def word(name: str) -> Word:
    return Word(name, "mia", "new disk", time.time(), "cli")


def silence(agent, name: str, seconds: float = 600.0, **match: str) -> None:
    now = time.time()
    made = Silence(name, match, now, now + seconds, "mia", "new disk", now)
    said(agent, lambda db: spoken.silence(db, made, "cli"))


def order(agent, verb: str, subject: str, *, force: bool = False, at=None) -> Order:
    """Give an order and return it with its answer."""
    name = f"o-{os.urandom(6).hex()}"
    given = Order(name, verb, subject, "new disk", "mia", at or time.time(), force)
    said(agent, lambda db: spoken.give(db, given, "cli"))

    def answered():
        found = said(agent, lambda db: orders.get(db, name))
        return found if found.state != orders.WAITING else None

    return wait_for(answered, 60, f"an answer to {verb} {subject}\n{agent.tail()}")


@pytest.fixture
def pager():
    made = channel("pagerduty")
    with made.fake:
        yield made


def told(pager, count: int) -> list[str]:
    """Return what the first *count* events at PagerDuty ask for."""

    def come():
        found = [got.json["event_action"] for got in pager.fake.received]
        return found if len(found) >= count else None

    return wait_for(come, 60, f"{count} events at PagerDuty")


def paged(rig, target, pager, **settings):
    notifier = {"name": "oncall", "kind": "pagerduty"} | pager.options
    plan = config(watching(target, **settings) | FAST, notifiers=[notifier])
    agent = rig.agent(plan)
    agent.until_word("ok")
    return agent


def test_a_silence_keeps_back_the_alert_and_nothing_else_and_its_end_tells_once(
    rig, pager
):
    target = rig.target()
    agent = paged(rig, target, pager)
    silence(agent, "s-1", target="web*")
    status = agent.until(lambda s: s["targets"][0]["silenced"], 60, "silenced")
    assert status["targets"][0]["silenced"]["who"] == "mia"
    assert [one["id"] for one in status["silences"]] == ["s-1"]

    target.send(signal.SIGKILL)
    agent.until_word("down")
    assert agent.until_signal(30)["reason"] == "process_not_alive"
    assert agent.status()["incidents"]["open"]
    assert agent.rows("SELECT count(*) FROM deliveries") == [(0,)]

    agent.kill()  # a kill forgets neither the silence nor what it owes
    agent.start()
    agent.until_word("down")
    never(lambda: pager.fake.received, 0.5, "an alert in a silence, after a kill")

    said(agent, lambda db: spoken.end_silence(db, "s-1", word("w-1")))
    assert told(pager, 1) == ["trigger"]
    opened = pager.fake.received[0].json["payload"]["custom_details"]["opened_at"]
    [(at,)] = agent.rows("SELECT opened_at FROM incidents")
    assert opened.startswith(time.strftime("%Y-%m-%dT%H:%M", time.localtime(at)))
    agent.until(lambda s: not s["targets"][0]["silenced"], 60, "no silence")

    incident = agent.status()["incidents"]["open"][0]["id"]
    assert said(agent, lambda db: spoken.acknowledge(db, incident, word("w-2")))
    assert told(pager, 2) == ["trigger", "acknowledge"]
    keys = {got.json["dedup_key"] for got in pager.fake.received}
    assert len(keys) == 1
    status = agent.until(lambda s: s["incidents"]["open"][0]["acked"], 60, "acked")
    assert status["incidents"]["open"][0]["acked"]["why"] == "new disk"

    agent.kill()
    agent.start()  # the acknowledgement is not told again
    agent.until_word("down")
    target.start()
    agent.until_word("ok")
    assert told(pager, 3) == ["trigger", "acknowledge", "resolve"]
    assert agent.rows("PRAGMA integrity_check") == [("ok",)]


def test_a_silence_that_runs_out_by_itself_tells_what_outlived_it(rig, server, pager):
    target = {"name": "webui", "checks": [{"kind": "http", "url": server.url}]} | FAST
    notifier = {"name": "oncall", "kind": "pagerduty"} | pager.options
    agent = rig.agent(config(target, notifiers=[notifier]))
    agent.until_word("ok")
    silence(agent, "s-1", 3.0, severity="critical")
    agent.until(lambda s: s["targets"][0]["silenced"], 60, "silenced")

    server.answers[:] = [b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n"]
    agent.until_word("down")
    assert told(pager, 1) == ["trigger"]
    assert agent.rows("SELECT until FROM silences")[0][0] <= time.time()
    agent.until_line("alerts of webui are sent again")


def test_a_restart_by_hand_goes_through_gates_and_proof_and_says_who_and_why(rig):
    target = rig.target()
    script = rig.folder / "restart.py"
    script.write_text(
        "import os, signal, subprocess, sys\n"
        f"pid = int(open({str(target.pid_file)!r}).read())\n"
        "os.kill(pid, signal.SIGKILL)\n"
    )
    argv = [sys.executable, "-S", str(script)]
    repair = QUICK | {"actions": [{"kind": "command", "argv": argv}], "settle": "20s"}
    agent = rig.agent(config(watching(target, restart=repair) | FAST))
    agent.until_word("ok")

    assert order(agent, "restart", "nobody").answer == "unknown_target"
    late = order(agent, "restart", "webui", at=time.time() - 400)
    assert (late.state, late.answer) == ("refused", "late")

    from agent2.core.events import Gate
    from agent2.store import gates

    def close(db):
        with db.transaction() as tx:
            hold = Gate("webui", "restart", "AWAITING_APPROVAL", "wait", "tom", 1.7e9)
            gates.put(tx, hold)

    said(agent, close)
    wake(str(agent.folder), "gates")
    agent.until(lambda s: s["targets"][0]["paused"], 60, "paused")
    held = order(agent, "restart", "webui")
    assert (held.state, held.answer) == ("refused", "paused")
    assert "wait (tom)" in held.note

    before = target.pid
    done = order(agent, "restart", "webui", force=True)
    assert (done.state, done.answer, done.note) == ("done", "asked", "1/100")
    target.process.wait(30)
    assert target.start().pid != before
    agent.until_line("the restart helped: webui", 30)
    helped = lambda s: s["fixes"][0]["result"] == "success"  # noqa: E731
    (fix,) = agent.until(helped, 60, "success")["fixes"]
    assert (fix["result"], fix["incident_id"]) == ("success", None)
    assert fix["issue"] == "restart of WebUI by hand"
    [(payload,)] = agent.rows(
        "SELECT payload FROM task_audits WHERE event_id = ?"
        " AND event_type = 'SUPERVISOR_ALLOWED'",
        done.id,
    )
    body = json.loads(payload)
    assert (body["who"], body["why"], body["forced"]) == ("mia", "new disk", True)
    assert agent.rows("SELECT count(*) FROM incidents") == [(0,)]


def test_check_now_looks_and_a_close_needs_a_target_that_does_not_fail(rig, server):
    target = {"name": "webui", "checks": [{"kind": "http", "url": server.url}]}
    target |= {"interval": "300s", "timeout": "5s", "retry_interval": "300s"}
    agent = rig.agent(config(target))
    agent.until_word("ok")
    looks = len(server.received)
    assert order(agent, "check", "webui").answer == "checked"
    wait_for(lambda: len(server.received) > looks, 60, "a look")

    server.answers[:] = [b"HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n"]
    for _ in range(2):
        failures = agent.status()["consecutive_failures"]
        assert order(agent, "check", "*").note == "1"
        agent.until(lambda s, f=failures: s["consecutive_failures"] > f, 60, "a look")
    incident = agent.until(lambda s: s["incidents"]["open"], 60, "one")["incidents"]
    name = incident["open"][0]["id"]
    refused = order(agent, "close", name)
    assert (refused.state, refused.answer) == ("refused", "failing")
    assert order(agent, "close", "webui@1.000").answer == "unknown_incident"

    assert order(agent, "close", name, force=True).answer == "closed"
    agent.until(lambda s: not s["incidents"]["open"], 60, "closed")
    assert order(agent, "close", name).answer == "closed_before"


def test_an_order_that_nobody_took_up_before_a_kill_is_taken_up_after_it(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, restart=QUICK) | FAST))
    agent.until_word("ok")
    agent.kill()
    given = Order("o-1", "restart", "webui", "new disk", "mia", time.time())
    said(agent, lambda db: spoken.give(db, given, "cli"))

    target.fault("slow")
    agent.start()
    never(agent.signal, 0.5, "it is asked to restart before it is known who it is")
    target.fault("ok")
    made = agent.until_signal(30)
    assert made["reason"] == "requested_by_hand"
    assert "mia: new disk" in made["detail"]
    found = wait_for(
        lambda: agent.rows("SELECT state, answer FROM orders WHERE state = 'done'"),
        30,
        "done",
    )
    assert found == [("done", "asked")]
    assert Path(agent.signal_path).exists()
    never(lambda: agent.signal() is None, 0.5, "a well target's order was taken back")


@pytest.mark.slow
def test_every_order_is_answered_once_and_every_silence_holds_however_often_we_die(rig):
    target = rig.target()
    marks = rig.folder / "marks"
    line = f"echo x >> {marks}"
    repair = QUICK | {"actions": [{"kind": "command", "argv": ["/bin/sh", "-c", line]}]}
    agent = rig.agent(config(watching(target, restart=repair) | FAST))
    agent.until_word("ok")
    given = []
    for number in range(5):
        for verb in ("check", "restart"):
            name = f"o-{number}-{verb}"
            one = Order(name, verb, "webui", "disk", "mia", time.time(), True)
            said(agent, lambda db, one=one: spoken.give(db, one, "cli"))
            given.append(name)
        if number == 2:
            silence(agent, "s-1", target="webui")
        time.sleep(0.01 * number)  # where the kill hits: before, within, after
        agent.kill()
        agent.start()
    rows = wait_for(
        lambda: (
            None
            if agent.rows("SELECT 1 FROM orders WHERE state = 'waiting'")
            else agent.rows("SELECT id, verb, state, answer FROM orders ORDER BY seq")
        ),
        30,
        "answers",
    )
    assert [row[0] for row in rows] == given
    assert {row[2:] for row in rows if row[1] == "check"} == {("done", "checked")}
    asked = sum(row[3] == "asked" for row in rows)
    assert asked >= 1
    assert {row[3] for row in rows if row[1] == "restart"} <= {"asked", "under_way"}
    # A restart that a kill cut off is not done blindly once more: never more than asked.
    planned = agent.rows("SELECT count(*) FROM actions WHERE kind = 'command'")
    assert planned == [(asked,)]
    done = marks.read_text().count("x") if marks.exists() else 0
    assert done <= asked
    answers = agent.rows(
        "SELECT event_id, count(*) FROM task_audits WHERE event_id GLOB 'o-*'"
        " AND event_type GLOB 'SUPERVISOR_*' GROUP BY event_id"
    )
    assert sorted(answers) == sorted((name, 1) for name in given)
    told = agent.journal("order.answered")
    assert len(told) == len(given)
    agent.until(lambda s: s["targets"][0]["silenced"], 60, "still silenced")


def test_an_order_whose_answer_cannot_be_written_is_carried_out_once(rig, tmp_path):
    done = tmp_path / "done"
    restart = {"kind": "command", "argv": ["/bin/sh", "-c", f"echo x >> {done}"]}
    target = watching(rig.target())
    target["restart"] = QUICK | {"actions": [restart]}
    agent = rig.agent(config(target | FAST))
    agent.until_word("ok")

    def give(verb: str, subject: str) -> None:
        given = Order(f"o-{verb}", verb, subject, "new disk", "mia", time.time())
        said(agent, lambda db: spoken.give(db, given, "cli"))

    with contextlib.closing(sqlite3.connect(agent.folder / "agent2.db")) as db:
        db.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON orders"
            " BEGIN SELECT RAISE(FAIL, 'no room'); END"
        )
        db.commit()
    give("restart", target["name"])
    wait_for(done.exists, 60, agent.tail)
    for _ in range(3):
        wake(str(agent.folder), "people")
    give("check", target["name"])
    agent.until_line("mia: new disk asks to check", 30)

    assert done.read_text() == "x\n"
