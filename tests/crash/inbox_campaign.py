"""``kill -9`` of processors in the middle of their batches: is each event decided once?

Two processors work on one store while events come in. One of them is killed at a random
instant, what it held is given back as a new supervisor does it, and another takes its
place. At the end everything is decided, and the audit is asked.
"""

from __future__ import annotations

import os
import random
import select
import signal
import time

from agent2.core.events import Event
from agent2.store import inbox, turns
from agent2.store.database import Database
from agent2.supervisor.processor import Processor

BATCH = 10
EACH = 25  # events that come in between two kills
LONGEST_S = 0.03


def event(serial):
    """Return one of four: allowed, paused, blocked, judged in a process of its own."""
    kinds = (
        ("TASK_CREATED", {}),
        ("TASK_CREATED", {"risk_level": "medium"}),
        ("TASK_FAILED", {"error_type": "auth_failed"}),
        ("FOREIGN", {}),
    )
    kind, payload = kinds[serial % 4]
    return Event(f"ev-{serial}", "eventbus", f"task-{serial}", kind, 1.7e9, payload)


def foreign(_event, _standing):
    return {"decision_type": "pause", "reason": "a policy of somebody else"}


def fork_processor(path, owner):
    """Start a processor that works until it is killed; it says when it begins."""
    said, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(120)
            os.close(said)
            db = Database.open(path, create=False)
            processor = Processor(db, batch=BATCH, owner=owner)
            processor.judge.router.register("FOREIGN", foreign)
            os.write(say, b"!")
            while True:
                if not processor.process_pending_events():
                    time.sleep(0.001)
        finally:
            os._exit(1)
    os.close(say)
    ready = select.select([said], [], [], 30)[0]
    os.close(said)
    assert ready, "the processor does not come up"
    return pid


def conduct(path, kills, seed):
    """Kill *kills* times; return the figures, with what is ``wrong``."""
    chance = random.Random(seed)
    db = Database.open(path)
    owners = {"one": 0, "two": 0}
    serial, in_batch = 0, 0
    try:
        for name in owners:
            owners[name] = fork_processor(path, f"{name} ")
        for _ in range(kills):
            with db.transaction() as tx:
                many = [event(serial + n) for n in range(EACH)]
                inbox.add(tx, many, time.time())
            serial += EACH
            time.sleep(chance.uniform(0.0, LONGEST_S))
            name = chance.choice(sorted(owners))
            os.kill(owners[name], signal.SIGKILL)
            os.waitpid(owners[name], 0)
            in_batch += turns.give_back(db, f"{name} ", time.time()) > 0
            owners[name] = fork_processor(path, f"{name} ")
        until = time.monotonic() + 60.0
        while turns.next_due(db) is not None and time.monotonic() < until:
            time.sleep(0.01)
    finally:
        for pid in owners.values():
            if pid:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
    wrong = faults(db, serial)
    db.close()
    return {
        "seed": seed, "kills": kills, "kills_in_a_batch": in_batch, "events": serial,
        "wrong": wrong,
    }  # fmt: skip


def faults(db, serial):
    """Return what is not as it must be after *serial* events."""
    wrong = []
    states = dict(
        db.rows("SELECT status, count(*) FROM supervisor_inbox GROUP BY status")
    )
    if states != {"completed": serial}:
        wrong.append(f"states: {states}, expected {serial} completed")
    decided = db.rows(
        "SELECT event_id, count(*) FROM task_audits"
        " WHERE event_id IS NOT NULL GROUP BY event_id"
    )
    doubled = [row for row in decided if row[1] != 1]
    if doubled or len(decided) != serial:
        wrong.append(f"decisions of {len(decided)} events, not once: {doubled[:5]}")
    gates = {row[0] for row in db.rows("SELECT task_id FROM task_gates")}
    paused = {f"task-{n}" for n in range(serial) if n % 4 in (1, 3)}
    if gates != paused:
        wrong.append(f"gates: {len(gates)}, expected {len(paused)}")
    blocked = db.rows("SELECT count(*) FROM tasks WHERE status = 'blocked'")[0][0]
    if blocked != len([n for n in range(serial) if n % 4 == 2]):
        wrong.append(f"blocked: {blocked}")
    if db.rows("PRAGMA integrity_check") != [("ok",)]:
        wrong.append("the store is damaged")
    return wrong
