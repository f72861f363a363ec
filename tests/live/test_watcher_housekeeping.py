"""Housekeeping never delays checks: they have nothing in common that one could hold.

The scenario of the documents: what looks after things hangs, checks hang, and still the
others are looked at, the status is written, and what hangs can be seen in the figures.
"""

from __future__ import annotations

import fcntl

import pytest
from rig import asking, config

from tests.fakes.health_server import HealthServer, document, http

pytestmark = pytest.mark.slow


def test_checks_and_status_go_on_while_housekeeping_and_other_checks_hang(rig, server):
    with HealthServer(http(document()), after="deaf") as deaf:
        well = asking(server, name="well", interval=0.2)
        hung = [
            asking(deaf, name=f"hung{n}", interval=0.2, timeout=60) for n in range(5)
        ]
        agent = rig.agent(config(well, *hung, store={"upkeep_interval": 1}))
        agent.until_word("ok")
        # Whoever cares for the store holds this; a hung one never lets go of it.
        with (agent.folder / "agent2.db.lock").open("r+b") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            asked, seq = server.connections, agent.status()["seq"]
            assert server.wait_connections(asked + 10, 60) >= asked + 10
            seen = agent.until(lambda s: s["seq"] >= seq + 3, 60, "the status goes on")
            fcntl.flock(lock, fcntl.LOCK_UN)

        assert seen["health_status"] == "ok"
        assert seen["agent"]["self"]["in_flight"] >= len(hung)
        assert agent.stop() == 0
    # What was counted meanwhile is not lost: it goes with the history at the end.
    ran = dict(agent.rows("SELECT three, value FROM totals WHERE one = 'well'"))
    assert ran["ok"] >= 10
