"""Whoever brings events may bring anything: what is none is said, and stops no other."""

from __future__ import annotations

import json
import os
import random
import sqlite3
from contextlib import closing

import pytest

from agent2.core.events import Event
from agent2.plan.events import PollPlan
from agent2.store import audits, inbox
from agent2.store.database import Database
from agent2.supervisor.bus import EventBus
from agent2.supervisor.documents.inbox import InboxManager, Inlet
from agent2.supervisor.documents.models import SupervisorEvent
from agent2.supervisor.polling import Poller
from agent2.supervisor.processor import Processor

NOW = 1_800_000_000.0
COLUMNS = {"id": "id", "type": "kind", "subject": "who", "at": "at", "payload": "body"}


class Door:
    """A store, its doors, and what they said."""

    def __init__(self, path):
        self.db = Database.open(path)
        self.lines = []
        self.inlet = Inlet(self.db, os.path.dirname(path), self.log, lambda: NOW)

    def log(self, level, text):
        self.lines.append(f"{level} {text}")

    def poller(self, kind, path, table="facts"):
        place = PollPlan("there", kind, str(path), table, COLUMNS)
        return Poller(self.db, (place,), lambda: NOW, self.log)

    def ids(self):
        return sorted(row.event.id for row in inbox.listing(self.db, limit=1000))

    def said(self, words):
        return sum(words in line for line in self.lines)


@pytest.fixture
def door(path):
    made = Door(path)
    yield made
    made.db.close()


def event(name, subject="t", kind="TASK_CREATED", at=1.7e9, payload=None):
    return Event(
        name, "eventbus", subject, kind, at, {} if payload is None else payload
    )


def test_what_cannot_come_in_is_said_and_counted_and_the_rest_comes_in(door):
    raw = {1: {2, 3}, "when": object()}  # as a script of this process may have it
    found = door.inlet.push(
        [
            event("a"),
            event("bad\0id"),
            event("b", subject="*"),
            event("c", kind="*"),
            event("d", at=1e300),
            event("e", payload=[1]),
            event("f", payload=raw),
            event("g", payload={"n": 10**5000}),
            event("a"),
            event("z", payload={"half": "\ud800", "inf": float("inf")}),
        ]
    )

    assert [each.id for each in found.new] == ["a", "f", "z"]
    assert [each.id for each in found.known] == ["a"]
    assert len(found.refused) == 6
    assert door.ids() == ["a", "f", "z"]
    assert inbox.refused(door.db) == {"eventbus": 6}
    assert door.said("ERROR Failed to insert event: ") == 6
    assert door.said("type has a *, which is for patterns (task=t)") == 1


def test_the_bus_and_the_documents_names_have_the_same_door(door, path):
    bus = EventBus(door.log)
    bus.subscribe(lambda one: door.inlet.push((one,)))
    bus.publish(event("a\nb"))
    bus.publish(event("a"))
    manager = InboxManager(path)

    assert manager.insert_event(
        SupervisorEvent("b", "eventbus", "t", "X", "2026-01-01T00:00:00Z")
    )
    odd = SupervisorEvent("c", "eventbus", "*", "X", "2026-01-01T00:00:00Z")
    with pytest.raises(ValueError, match="subject is"):
        manager.insert_event(odd)
    assert door.ids() == ["a", "b"]
    assert inbox.refused(door.db) == {"eventbus": 2}


def test_a_poison_row_of_a_table_is_passed_by_and_never_looked_at_again(door, tmp_path):
    rows = [
        ("one", "X", "t", "2026-01-01 10:00:00", '{"a": 1}'),
        ("two", "X", "t", "yesterday", "{}"),
        ("three", "X", "t", None, "[1]"),
        ("four", "X", "*", None, None),
        ("five", "X", "t", None, '{"a": "' + "x" * 300_000 + '"}'),
        ("six", "X", "t" * 5000, None, None),
        ("seven", "X", "t", 9e99, None),
        ("eight", "X", "t", None, "[" * 100_000),
        ("nine", "X", "t", 1.7e9, " { } "),
        ("huge", "X", "t", None, "x" * (33 << 20)),
    ]
    table = tmp_path / "old.db"
    with closing(sqlite3.connect(table)) as old:
        old.execute("CREATE TABLE facts (id, kind TEXT, who TEXT, at, body TEXT)")
        old.executemany("INSERT INTO facts VALUES (?, ?, ?, ?, ?)", rows)
        # Text that is no text, which the usual reader raises at.
        old.execute(
            "INSERT INTO facts VALUES ('ten', 'X', CAST(x'ff41' AS TEXT), NULL, NULL)"
        )
        old.execute("INSERT INTO facts VALUES ('last', 'X', 't', NULL, NULL)")
        old.commit()
    look = door.poller("table", table).look

    assert [look(), look()] == [4, 0]

    assert door.ids() == ["last", "nine", "one", "ten"]
    assert inbox.refused(door.db) == {"polling": 8}
    assert door.said(f"ERROR Failed to insert event: {table}: ") == 8
    assert door.said("row 2: at is no time") == 1


ENDLESS = """CREATE VIEW facts AS WITH RECURSIVE n(i) AS
    (SELECT 1 UNION ALL SELECT i + 1 FROM n)
    SELECT i AS rowid, 'X' AS kind FROM n WHERE i < 0"""
PLACELESS = """CREATE TABLE facts (rowid TEXT, kind TEXT);
    INSERT INTO facts VALUES ('z', 'X')"""


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        (ENDLESS, "no table facts"),
        (PLACELESS, "rowid of facts is no whole number"),
        ("", "is not a regular file"),
    ],
    ids=["a view that never ends", "a place that is none", "a FIFO"],
)
def test_a_table_that_is_a_trap_is_said_and_holds_nobody(door, tmp_path, schema, why):
    table = tmp_path / "old.db"
    if schema:
        with closing(sqlite3.connect(table)) as old:
            old.executescript(schema)
    else:
        os.mkfifo(table)

    assert door.poller("table", table).look() == 0
    assert door.said(why) == 1


def test_files_that_cannot_be_read_do_not_keep_out_those_behind_them(door, tmp_path):
    drop = tmp_path / "drop"
    drop.mkdir()
    good = {"event_type": "X", "task_id": "t", "ts": "2026-01-01T10:00:00Z"}
    os.mkfifo(drop / "a-fifo.json")
    (drop / "b-folder.json").mkdir()
    (drop / "c-loop.json").symlink_to(drop / "c-loop.json")
    (drop / "d-large.json").write_bytes(b" " * (1 << 20) + b"{}")
    mixed = [good | {"event_id": "good"}, {"task_id": "t"}, good | {"task_id": "*"}, 7]
    mixed += [good | {"ts": 10**400}]  # no float
    (drop / "e-mixed.json").write_text(json.dumps(mixed))
    (drop / "f-deep.json").write_text("[" * 100_000)
    (drop / "z-last.json").write_text(json.dumps(good | {"event_id": "last"}))
    for name in ("d-large.json", "f-deep.json"):
        os.utime(drop / name, (1e9, 1e9))  # nobody writes it any more
    look = door.poller("folder", drop).look

    assert [look(), look()] == [2, 0]

    assert door.ids() == ["good", "last"]
    left = {name for name in os.listdir(drop) if name.endswith(".json")}
    assert left == {"a-fifo.json", "b-folder.json", "c-loop.json"}
    assert inbox.refused(door.db) == {"polling": 6}
    assert door.said("ERROR Failed to insert event: ") == 3 + 6, "and said once"
    assert door.said("e-mixed.json: 2. of 5: event_type is missing") == 1


def test_a_thousand_hostile_events_are_each_decided_or_refused(door):
    chance = random.Random(5)
    ids = [
        "' OR 1=1 --",
        "'); DROP TABLE tasks;",
        "ev-1",
        "",
        "端口",
        "e\u0301",
        "x" * 255,
    ]
    kinds = [
        "TASK_CREATED",
        "TASK_FAILED",
        "ACTION_REQUESTED",
        "X' --",
        "端",
        "GATE_PAUSED",
    ]
    odd = [None, True, -1, 1e308, "", "%s{}", [], {}, [{}], {"severity": 5}, "\ud83d"]
    names = ("findings", "risk_level", "error", "retry_count", "error_rate", "command")

    def made(number):
        payload = {name: chance.choice(odd) for name in chance.sample(names, 3)}
        name = chance.choice(ids) and f"{chance.choice(ids)}{number}"
        return event(name, f"t{number % 9}", chance.choice(kinds), number, payload)

    found = door.inlet.push(made(number) for number in range(1000))
    processor = Processor(door.db, now=lambda: NOW, log=door.log)
    while processor.process_pending_events():
        pass
    processor.close()

    counts = inbox.counts(door.db, NOW)
    assert counts.completed == len(found.new) > 500
    assert (counts.pending, counts.processing, counts.failed) == (0, 0, 0)
    judged = {k for k in kinds if k.startswith(("TASK", "ACTION"))}
    decided = [e for e in found.new if e.type in judged]
    assert all(len(audits.of_event(door.db, e.id)) == 1 for e in decided[:100])
