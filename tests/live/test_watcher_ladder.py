"""The ladder of actions: the next one is tried when the one before did not help."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from rig import asking, config, wait_for

from tests.fakes.health_server import HealthServer, document, http

EAGER = {"settle": 0.05, "backoff": 0.05, "backoff_max": 0.1, "intensity": 100}
SICK = http("", 500)


def test_each_rung_is_tried_once_and_the_last_again_and_again(rig, tmp_path):
    note = tmp_path / "note"

    def climbed() -> list[str]:
        return note.read_text().split() if note.exists() else []

    rungs = [
        {"kind": "command", "argv": ["/bin/sh", "-c", f"echo {word} >> {note}"]}
        for word in ("first", "second", "third")
    ]
    with HealthServer(SICK) as server:
        target = {
            "name": "webui",
            "checks": [{"kind": "http", "url": server.url}],
            "restart": {"actions": rungs} | EAGER,
            "interval": 0.1,
            "timeout": 30,
        }
        agent = rig.agent(config(target))

        wait_for(lambda: len(climbed()) >= 5, 60, agent.tail)
        assert climbed()[:5] == ["first", "second", "third", "third", "third"]

        server.answers[:] = [http(document())]
        agent.until_word("ok")
        before = len(climbed())
        server.answers[:] = [SICK]
        wait_for(lambda: len(climbed()) > before + 1, 60, agent.tail)
        assert climbed()[before : before + 2] == ["first", "second"]


def test_an_outage_that_finds_the_budget_spent_is_told_in_one_message(rig):
    action = {"kind": "command", "argv": ["/bin/true"]}
    restart = {"actions": [action], "intensity": 1, "settle": 0.05, "proof": 0.1}
    nobody = {"name": "hook", "kind": "webhook", "url": "http://127.0.0.1:9/"}
    with HealthServer(SICK) as server:
        target = asking(server, restart=restart, flapping=False)
        agent = rig.agent(config(target, notifiers=[nobody]))

        def told() -> list[dict]:
            with closing(sqlite3.connect(agent.folder / "agent2.db")) as db:
                rows = db.execute("SELECT alert FROM deliveries ORDER BY seq")
                return [json.loads(alert) for (alert,) in rows.fetchall()]

        agent.until_line("restart budget is spent")
        server.answers[:] = [http(document())]
        agent.until_word("ok")
        server.answers[:] = [SICK]
        agent.until_line("restart budget is spent", count=2)
        server.answers[:] = [http(document())]
        agent.until_word("ok")
        wait_for(lambda: told()[-1]["kind"] == "resolved", 60, agent.tail)

    kinds = [each["kind"] for each in told()]
    assert kinds == ["firing", "exhausted", "resolved", "firing", "resolved"]
    both = told()[3]
    assert both["subject"].endswith("(restart budget is spent)")
    assert both["action"] == "restart budget is spent: a person is needed"
