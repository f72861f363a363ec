"""A writer that is killed at any instant leaves whole transactions and no others."""

from __future__ import annotations

import os
import random
import select
import signal
import time

import pytest

from agent2.core.effects import OpenIncident
from agent2.core.message import Alert, Delivery, DeliveryState, Receipt
from agent2.core.model import AlertKind, Code, Facet, Severity, TargetState
from agent2.store import incidents, journal, outbox, targets
from agent2.store.database import Database

NOW = 1_700_000_000.0
KILLS = 100


def delivery(serial, notifier):
    incident = f"i{serial}"
    told = Alert(
        id=f"{incident}/firing/0",
        kind=AlertKind.FIRING,
        incident=incident,
        dedup_key="k",
        target="webui",
        severity=Severity.CRITICAL,
        subject="s",
        issue="i",
        action="a",
        reason="process_not_alive",
        code="pid_dead",
        detail="d" * 1500,
        at="t",
        opened_at="t",
        closed_at=None,
        duration_s=0.0,
        host="h",
        instance="x",
        look="l",
        lines=(),
    )
    return Delivery(f"{told.id}/{notifier}", notifier, told, NOW, NOW)


def write(db, serial):
    """One step of a watcher: state, journal, incident, outbox in one commit."""
    with db.transaction() as tx:
        targets.save(tx, "webui", TargetState(failures=serial))
        incidents.open_incident(
            tx,
            OpenIncident(
                f"i{serial}", "webui", Severity.ERROR, NOW, Facet.PORT, Code.DNS, "d"
            ),
        )
        for n in range(3):
            journal.append(tx, NOW, "k", "webui", f"i{serial}", {"n": n})
        outbox.add(tx, [delivery(serial, "mail"), delivery(serial, "slack")])


def fork_writer(path, first):
    """Start a process that writes serials from *first* on; each is said when done."""
    said, say = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            signal.alarm(60)
            os.close(said)
            db = Database.open(path)
            serial = first
            while True:
                write(db, serial)
                os.write(say, f"{serial}\n".encode())
                if serial % 9 == 0:
                    db.checkpoint()
                serial += 1
        finally:
            os._exit(1)
    os.close(say)
    return pid, said


def heard(said):
    with os.fdopen(said, "rb") as pipe:
        lines = pipe.read().split(b"\n")
    return max((int(line) for line in lines[:-1]), default=-1)


@pytest.mark.slow
def test_a_hundred_kills_lose_no_commit_and_leave_no_half(tmp_path):
    path = str(tmp_path / "agent2.db")
    chance = random.Random(2)
    first, torn_late, stopped = 0, 0, []
    for _ in range(KILLS):
        pid, said = fork_writer(path, first)
        assert select.select([said], [], [], 30)[0], "the writer does not come up"
        time.sleep(chance.uniform(0, 0.01))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        last = heard(said)
        db = Database.open(path)
        assert db.rows("PRAGMA integrity_check") == [("ok",)]
        (state,) = targets.load_all(db).values()
        newest = state.failures
        assert newest in (last, last + 1), "a commit that was said is not there"
        torn_late += newest == last + 1
        stopped.append(newest)
        every = [(f"i{n}",) for n in range(newest + 1)]
        for table, name, each in (
            ("incidents", "id", 1),
            ("journal", "incident", 3),
            ("deliveries", "incident", 2),
        ):
            found = db.rows(f"SELECT {name}, count(*) FROM {table} GROUP BY {name}")
            assert sorted(found) == sorted((one, each) for (one,) in every), table
        db.close()
        first = newest + 1
    assert len(set(stopped)) == KILLS


def fork_sender(path, number):
    """Start a process that leases rows and marks them, until nothing is left."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            signal.alarm(60)
            db = Database.open(path)
            while outbox.next_due(db) is not None:
                for row in outbox.lease(
                    db,
                    owner=f"p{number}",
                    now=NOW + number,
                    lease_s=0.5,
                    notifiers=["mail", "slack"],
                ):
                    with open(f"{path}.sent", "ab", buffering=0) as sent:
                        sent.write(f"{row.id} {row.ambiguous:d}\n".encode())
                    outbox.delivered(db, row, Receipt("ok"), NOW)
            status = 0
        finally:
            os._exit(status)
    return pid


@pytest.mark.slow
def test_killed_senders_lose_no_alert_and_say_when_one_may_come_twice(tmp_path):
    path = str(tmp_path / "agent2.db")
    db = Database.open(path)
    for serial in range(150):
        write(db, serial)
    db.close()
    chance = random.Random(3)
    number, status = 0, -1
    while status != 0:
        number += 1  # each sender lives a second later: old leases have run out
        pid = fork_sender(path, number)
        time.sleep(chance.uniform(0.005, 0.04))
        if number < 60:
            os.kill(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status in (0, -signal.SIGKILL)
    db = Database.open(path)
    states = {d.state for d in outbox.listing(db, limit=999)}
    assert states == {DeliveryState.DELIVERED}
    with open(f"{path}.sent") as sent:
        lines = [line.split() for line in sent]
    assert {name for name, _ in lines} == {d.id for d in outbox.listing(db, limit=999)}
    once = [name for name, ambiguous in lines if ambiguous == "0"]
    assert len(once) == len(set(once)), "sent twice without saying so"
    assert db.rows("PRAGMA integrity_check") == [("ok",)]
    db.close()
