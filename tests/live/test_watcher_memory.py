"""What was given to be written is written, also by a watcher that just leaves."""

from __future__ import annotations

import sqlite3
import time

import pytest

from agent2.host.reactor import Reactor
from agent2.store import meta
from agent2.store.database import Database
from agent2.watcher.memory import Memory


class Silent:
    """What the watcher would say."""

    def say(self, *_words, **_facts):
        """Say nothing."""


def leave_after(folder, work):
    """Run a watcher's memory: *work* with it, then its end."""
    reactor = Reactor()
    memory = Memory(reactor, str(folder), time.time(), Silent, int)

    async def all_of_it():
        await work(memory, reactor)
        await memory.close()
        reactor.stop()

    reactor.spawn(all_of_it())
    reactor.run()


def noting(key):
    return lambda tx: meta.put(tx, key, "1")


def noted(folder, key):
    db = Database.open(str(folder / "agent2.db"))
    try:
        return meta.get(db, key)
    finally:
        db.close()


@pytest.mark.parametrize("number", range(5))
def test_what_was_saved_just_before_the_end_is_in_the_store(tmp_path, number):
    async def work(memory, reactor):
        await memory.read(lambda _db: None)
        await reactor.sleep_until(reactor.now() + number * 0.002)
        memory.save(noting("last"))

    leave_after(tmp_path, work)
    assert noted(tmp_path, "last") == "1"


def test_what_could_not_be_written_before_is_tried_once_more_at_the_end(tmp_path):
    async def work(memory, _reactor):
        (tmp_path / "agent2.db.lock").mkdir()  # nobody can write
        await memory.commit(noting("first"), urgent=False)
        assert memory.troubles()
        (tmp_path / "agent2.db.lock").rmdir()

    leave_after(tmp_path, work)
    assert noted(tmp_path, "first") == "1"


def test_the_commit_after_the_history_finds_a_log_that_is_begun(tmp_path):
    """A commit that begins the log anew syncs twice, and a restart waits for it."""
    path = tmp_path / "agent2.db"

    async def work(memory, _reactor):
        await memory.commit(noting("before"))
        memory.save_after_all(noting("history"))
        await memory.care()
        with sqlite3.connect(f"file:{path}?immutable=1", uri=True) as bare:
            found = {key for (key,) in bare.execute("SELECT key FROM meta")}
        assert "before" in found  # moved into the file
        assert "history" not in found  # it stands in the log, which is begun

    leave_after(tmp_path, work)
    assert noted(tmp_path, "history") == "1"
