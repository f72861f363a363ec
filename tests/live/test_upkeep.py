"""The store is looked after by itself, and no check or commit waits for it."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time

import pytest
from rig import LOOK, asking, config, wait_for

from agent2.compiler.compile import compile_text
from agent2.plan import stored
from agent2.store import archive, copies, meta, series, upkeep
from agent2.store.database import Database
from agent2.upkeep.jobs import Jobs
from agent2.upkeep.main import troubles
from tests.fakes.health_server import http

NOW = 1_790_000_000.0
DAY = 86400.0
ALWAYS = ["00:00-12:00", "12:00-00:00"]
BODY = "targets: [{name: a, checks: [{kind: tcp, port: 1}]}]\n"
TOLD = "notifiers: [{name: hook, kind: webhook, url: 'http://127.0.0.1:9/'}]\n"


@pytest.fixture
def round_of(db, tmp_path):
    """Do a round over the store under the section *store* of a configuration."""

    def go(section="{}", now=NOW):
        made = compile_text(
            f"{BODY}{TOLD}store: {section}\n", "/c/a.yaml", str(tmp_path), "", {}
        )
        assert made.tree is not None, made.problems
        known = stored.from_json(json.loads(json.dumps(made.tree)))
        return Jobs(db, known, str(tmp_path), now, now).round()

    return go


def alerts(db):
    """Kind and issue of each alert that was queued, in order."""
    rows = db.rows("SELECT alert FROM deliveries ORDER BY created_at, rowid")
    return [(a["kind"], a["issue"]) for a in (json.loads(row[0]) for row in rows)]


def advised(db):
    """Subject and payload of each advice to scale, in order."""
    rows = db.rows(
        "SELECT task_id, payload FROM supervisor_inbox"
        " WHERE event_type = 'SCALE_RECOMMENDED' ORDER BY rowid"
    )
    return [(row[0], json.loads(row[1])) for row in rows]


def event(db, name, source, age, status="completed"):
    with db.transaction() as tx:
        tx.execute(
            "INSERT INTO supervisor_inbox (event_id, task_id, event_type, source,"
            " payload, ts, received_at, status) VALUES (?1, 't', 'X', ?2, '{}',"
            " strftime('%Y-%m-%d %H:%M:%f', ?3, 'unixepoch'),"
            " strftime('%Y-%m-%d %H:%M:%f', ?3, 'unixepoch'), ?4)",
            (name, source, NOW - age, status),
        )


def test_a_round_does_what_is_due_and_the_next_does_nothing_twice(db, round_of):
    event(db, "old", "eventbus", 8 * DAY)
    event(db, "kept", "eventbus", 5 * DAY)

    first, second = round_of(), round_of(now=NOW + 60)
    hour, day = round_of(now=NOW + 3600), round_of("{keep_events: 3d}", NOW + DAY)

    assert [line.partition(":")[0] for line in first.did] == [
        "archive", "cleanup", "check",
    ]  # fmt: skip
    assert "1 events" in first.did[1]
    assert (second.did, second.failed) == ((), {})
    assert [line.partition(":")[0] for line in hour.did] == ["archive"]
    assert "1 events" in day.did[1]
    assert len(archive.latest(db)) == 3
    assert alerts(db) == []


def test_what_cron_did_is_not_done_again(db, round_of):
    upkeep.done(db, "cleanup", NOW - 3600)
    upkeep.done(db, "check", NOW - 3600)
    archive.add(db, NOW)

    assert round_of().did == ()


def test_a_large_store_is_told_once_and_its_end_too(db, round_of):
    small = "{alert_size: 1KiB}"
    said = [round_of(small).said, round_of(small).said, round_of().said]

    assert [[level for level, _ in each] for each in said] == [
        ["WARNING"],
        [],
        ["INFO"],
    ]
    kinds, issues = zip(*alerts(db), strict=True)
    assert kinds == ("degraded", "resolved")
    assert set(issues) == {said[0][0][1]}
    assert issues[0].startswith("the store has grown large: ")


def test_a_source_that_fell_silent_is_told_while_another_one_speaks(db, round_of):
    event(db, "pushed", "eventbus", 1200)
    assert round_of().said == (), "nobody speaks: that says nothing"

    event(db, "polled", "polling", 60)
    ((level, text),) = round_of().said
    assert (level, round_of().said) == ("WARNING", ())
    assert text == (
        "event source degraded: no event was pushed for 20 min,"
        " 1 were polled in the last 10 min"
    )
    event(db, "pushed again", "eventbus", 1)
    ((level, _),) = round_of().said
    assert (level, [kind for kind, _ in alerts(db)]) == (
        "INFO",
        ["degraded", "resolved"],
    )


def test_polling_alone_is_no_trouble_where_nothing_was_ever_pushed(db, round_of):
    event(db, "polled", "polling", 60)
    assert round_of().said == ()
    assert round_of("{push_silence: 0s}").said == ()


def test_a_missing_backup_is_told_and_a_good_one_ends_it(db, path, round_of, tmp_path):
    wanted = f"{{backup_age: 26h, backup_folder: '{tmp_path}/kept'}}"
    assert round_of(wanted).said == (), "one that was never made has its time as well"
    ((level, text),) = round_of(wanted, NOW + 27 * 3600).said
    assert (level, "none yet" in text) == ("WARNING", True)

    made = copies.make(path, str(tmp_path / "kept"), NOW)
    os.utime(made.path, (NOW, NOW))
    ((level, _),) = round_of(wanted, NOW + 3600).said
    assert level == "INFO"
    assert round_of(wanted, NOW + 3600 * 25).said == ()

    bad = copies.make(path, str(tmp_path / "kept"), NOW + 20)
    with open(bad.path, "ab") as file:
        file.write(b"x")
    os.utime(bad.path, (NOW + DAY, NOW + DAY))
    ((_, text),) = round_of(wanted, NOW + 27 * 3600).said
    assert "27.0 h old" in text, "a copy that is not good is none"


def test_a_job_that_fails_is_named_and_the_others_go_on(db, round_of):
    with db.transaction() as tx:
        tx.execute("DROP TABLE supervisor_metrics_archive")
    found = round_of()

    assert list(found.failed) == ["archive"]
    assert troubles(found).startswith("archive: ")
    assert len(found.did) == 2


def test_pages_are_given_back_in_the_window_alone(db, round_of):
    loosen(db)
    assert round_of().spare == 0
    assert round_of(json.dumps({"vacuum": ALWAYS})).spare > 1 << 20


def loosen(db):
    """Leave empty pages in the file."""
    with db.transaction() as tx:
        for number in range(600):
            meta.put(tx, f"k{number}", "x" * 3000)
    with db.transaction() as tx:
        tx.execute("DELETE FROM meta WHERE key LIKE 'k%'")
    db.checkpoint()


def begun(rig, settings):
    """Return an agent that was not started, and its store, open."""
    agent = rig.agent(settings, start=False)
    agent.folder.mkdir(parents=True)
    return agent, Database.open(str(agent.folder / "agent2.db"))


@pytest.mark.slow
def test_the_watcher_has_it_done_and_says_once_when_it_cannot_be(rig, server):
    settings = config(asking(server), store={"upkeep_interval": 1, "alert_size": 1024})
    agent, store = begun(rig, settings)
    event(store, "old", "eventbus", 8 * DAY)
    store.close()
    (agent.folder / "upkeep.pid").mkdir()  # it cannot even begin

    agent.start()
    agent.until(lambda s: "upkeep" in s["agent"]["self"]["troubles"], 60, "the trouble")
    asked = server.connections
    assert server.wait_connections(asked + 5) >= asked + 5, "the checks go on"
    (line,) = agent.until_line("care of the store failed")
    assert " - ERROR - " in line
    (agent.folder / "upkeep.pid").rmdir()

    agent.until_line("the store has grown large", 30)
    agent.until(lambda s: s["agent"]["self"]["troubles"] == {}, 60, "no trouble")
    old = "SELECT count(*) FROM supervisor_inbox WHERE event_id = 'old'"
    assert agent.rows(old) == [(0,)]
    assert agent.rows("SELECT count(*) FROM supervisor_metrics_archive") >= [(1,)]
    assert len(agent.until_line("care of the store failed", count=1)) == 1
    assert agent.stop() == 0


@pytest.mark.slow
def test_a_commit_of_the_watcher_does_not_wait_for_pages_that_are_given_back(
    rig, server
):
    wanted = {"upkeep_interval": 1, "vacuum": ALWAYS}
    agent, store = begun(rig, config(asking(server), store=wanted))
    agent.start()
    agent.until_word("ok")
    # With a reader in its way SQLite waits for seconds, under the lock of all writers.
    reader = sqlite3.connect(agent.folder / "agent2.db", isolation_level=None)
    good, bad = server.answers[0], http("", 500)
    try:
        for answer in (bad, good) * 4:  # a slow machine may miss the moment
            loosen(store)
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM meta").fetchone()
            wait_for(lambda: gives_back(agent.folder), 60, "pages are given back")
            server.answers[:] = [answer]
            agent.until_word("ok" if answer is good else "down", 60)
            reader.execute("ROLLBACK")
            if agent.lines("gave way to a commit"):
                break
        assert agent.until_line("gave way to a commit")
        assert agent.status()["agent"]["self"]["troubles"] == {}
    finally:
        reader.close()
        store.close()
    assert agent.rows("PRAGMA quick_check") == [("ok",)]


def gives_back(folder) -> bool:
    """Does the upkeep hold the lock of all writers, and for long?"""
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        if not (busy(folder / "upkeep.pid") and busy(folder / "agent2.db.lock")):
            return False
        time.sleep(LOOK)
    return True


def busy(path) -> bool:
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def measured(db, name, of, days, now=NOW):
    """Write *days* of a machine until *now*: *of* makes an amount of the days left."""
    with db.transaction() as tx:
        for at in range(int(now - days * DAY), int(now), 1800):
            amount = of((at - now) / DAY)
            series.add(tx, [("host", f"resources/{name}", at, amount)])


def test_what_will_be_too_much_in_a_week_is_told_once_and_its_end_too(round_of, db):
    measured(db, "cpu", lambda day: 76.0 + day, 5)
    measured(db, "memory", lambda _day: 40.0, 5)
    measured(db, "disk:/", lambda day: 90.0 + 80 * day, 0.5)  # half a day is no trend

    assert "capacity: 1 warnings" in round_of().did
    assert "capacity" not in str(round_of(now=NOW + 3600).did)  # once a day
    round_of(now=NOW + DAY)
    (told,) = alerts(db)
    assert told[0] == "degraded"
    assert "host: WARNING: CPU usage may exceed 80% in 7 days. Consider" in told[1]

    (subject, first), _ = advised(db)  # one a day, with its numbers; nothing is scaled
    (cpu,) = first["resources"]
    assert (subject, cpu["name"]) == ("host", "CPU")
    assert cpu["current"] < 80 < cpu["predicted"] < 84
    assert cpu["full_at"] > NOW

    with db.transaction() as tx:
        series.prune(tx, NOW)
    round_of(now=NOW + 2 * DAY)
    assert [kind for kind, _ in alerts(db)] == ["degraded", "resolved"]
