"""A run that ends before it has begun forgets nothing."""

from __future__ import annotations

import signal

from agent2.store.lock import FileLock
from tests.live.rig import config, wait_for, watching


def test_a_stop_before_the_store_was_read_still_shows_what_is_open(rig):
    target = rig.target()
    entry = watching(target, interval=0.1, timeout=5)
    agent = rig.agent(config(entry))
    agent.until_word("ok")
    target.fault("500")
    (shown,) = agent.until_word("down")["incidents"]["open"]
    wait_for(lambda: agent.status()["fixes"], 60, "a fix record")
    agent.kill()
    lock = FileLock(f"{agent.folder}/agent2.db.lock")
    lock.acquire()  # the new run cannot read its store yet
    begun = len(agent.lines("monitor started"))
    agent.start(wait=0)
    agent.until_line("monitor started", count=begun + 1)
    agent.send(signal.SIGTERM)
    agent.until_line("signal 15 received")
    lock.close()
    assert agent.process.wait(30) == 0
    last = agent.status()
    assert last["status"] == "stopped"
    assert last["agent"]["pid"] == agent.pid
    assert last["incidents"]["open"] == [shown]
    assert last["fixes"]


def test_a_signal_that_a_kill_left_after_the_recovery_is_withdrawn(rig):
    target = rig.target()
    agent = rig.agent(config(watching(target, interval=0.1, timeout=5)))
    agent.until_word("ok")
    target.fault("500")
    agent.until_signal()
    content = agent.signal_path.read_bytes()
    target.fault("ok")
    agent.until_no_signal()
    agent.kill()  # as if between the commit of the recovery and the withdrawal
    agent.signal_path.write_bytes(content)
    agent.start()
    agent.until_no_signal()
    agent.until_word("ok")
