"""A store that another program holds: the watch goes on, and what waits is written."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3

import pytest
from rig import FAST, asking, config
from test_watcher_disk import asked_more, fired, telling

from agent2.metrics.gather import gather
from agent2.metrics.kept import Kept
from agent2.store.reading import Reader
from tests.fakes.health_server import HealthServer, document, http
from tests.fakes.web import FakeHook


@contextlib.contextmanager
def held(store, how):
    """Hold the store as another program would that is stuck within a commit."""
    if how == "sqlite":
        connection = sqlite3.connect(store, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.close()
        return
    number = os.open(f"{store}.lock", os.O_RDWR)
    fcntl.flock(number, fcntl.LOCK_EX)
    yield
    os.close(number)


def in_trouble(store, folder):
    """Scrape as the web program does; return the parts that do not work."""
    kept = Kept()
    told = gather(store, kept.look(str(folder)), kept)("agent2_trouble")
    return [part for _, (part,), value in told.samples if value]


@pytest.mark.parametrize("how", ["sqlite", "file"])
@pytest.mark.slow
def test_while_the_store_is_locked_every_target_is_looked_at_and_people_are_told(
    rig, server, how
):
    with HealthServer(http(document())) as other, FakeHook() as hook:
        one = asking(server, **FAST) | {"name": "one"}
        two = asking(other, **FAST) | {"name": "two"}
        agent = rig.agent(config(one, two, notifiers=[telling(hook)]))
        agent.until(lambda s: s["summary"]["ok"] == 2, 60, "both are well")
        store = Reader.look(str(agent.folder / "agent2.db"))
        assert in_trouble(store, agent.folder) == []
        with held(agent.folder / "agent2.db", how):
            server.answers[:] = [http("", 500)]
            asked_more(other, 20)
            asked_more(server, 30)  # each look waited five seconds once
            status = agent.status()
            assert (
                "another agent2 program" in status["agent"]["self"]["troubles"]["store"]
            )
            assert [one["state"] for one in status["targets"]] == ["down", "ok"]
            assert in_trouble(store, agent.folder) == ["store"]
            (line,) = agent.until_line("cannot write the database")
            assert " - ERROR - " in line
            assert fired(hook) == 1
        agent.until(lambda s: s["agent"]["self"]["troubles"] == {}, 60, "no trouble")
        assert in_trouble(store, agent.folder) == []
        store.close()
        server.answers[:] = [http(document())]
        agent.until(lambda s: s["summary"]["ok"] == 2, 60, "both are well again")
    left = [name for name in os.listdir(agent.folder) if name.startswith(".restart")]
    assert not left  # what was put off is not prepared when nobody waits for it
    assert len(agent.journal("incident.opened")) == 1
    assert len(agent.journal("incident.resolved")) == 1
