"""The ladder of actions: the next one is tried when the one before did not help."""

from __future__ import annotations

from rig import config, wait_for

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
