"""``events`` and ``inbox``: a fact goes in, a decision comes out, and it is known why."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing

import pytest

from agent2.store import journal
from agent2.store.database import Database
from tests.live.cli_kit import Cli

CREATED = ("events", "push", "--type", "TASK_CREATED", "--subject", "task_abc123")


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


def put(cli, *rows, **more):
    """Put rows into the inbox of *cli* as they shall stand: (id, status, seconds ago)."""
    cli.state.mkdir(exist_ok=True)
    store = str(cli.state / "agent2.db")
    with closing(Database.open(store)) as db, db.transaction() as tx:
        for name, status, ago in rows:
            row = {
                "event_id": name,
                "task_id": "t",
                "event_type": "TASK_FAILED",
                "source": "eventbus",
                "status": status,
            } | more
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            tx.execute(
                f"INSERT INTO supervisor_inbox ({names}, received_at) VALUES ({marks},"
                " strftime('%Y-%m-%d %H:%M:%f', 'now', ?))",
                (*row.values(), f"{-ago} seconds"),
            )


def test_a_pushed_event_is_decided_at_once_though_no_agent_runs(cli):
    told = cli(*CREATED, "--json")

    assert told.code == 0
    tree = told.json
    assert (tree["new"], tree["status"]) == (True, "completed")
    assert tree["decision"]["decision_type"] == "allow"
    assert re.fullmatch("ev-[0-9a-f]{32}", tree["event_id"])
    (line,) = cli("audit", "task_abc123", "--json").json["audit"]
    assert (line["event_type"], line["level"]) == ("SUPERVISOR_ALLOWED", "info")
    assert line["payload"]["decision_type"] == "allow"
    log = (cli.state / "supervisor.log").read_text(encoding="utf-8")
    assert "TASK_CREATED decision: allow (findings=0) for task task_abc123" in log


def test_a_grave_finding_blocks_and_the_line_says_so(cli):
    payload = {"findings": [{"severity": "critical", "description": "drops a table"}]}

    told = cli(*CREATED, "--payload", "-", input_text=json.dumps(payload))

    assert "TASK_CREATED decision: block (drops a table)" in told.out


def test_the_same_event_twice_is_one_by_id_or_by_content(cli):
    when = ("--at", "2026-01-31T12:00:00+01:00", "--payload", '{"b": 1, "a": 2.0}')
    first = cli(*CREATED, *when, "--json").json
    again = cli(*CREATED, *when[:2], "--payload", '{"a": 2, "b": 1}', "--json").json

    assert (again["event_id"], again["new"]) == (first["event_id"], False)
    cli(*CREATED, "--id", "evt_1")
    assert "evt_1 is known already" in cli(*CREATED, "--id", "evt_1").out
    assert len(cli("audit", "task_abc123", "--json").json["audit"]) == 2


def test_an_event_that_no_policy_knows_is_done_without_a_decision(cli):
    told = cli("events", "push", "--type", "MY_OWN", "--subject", "x", "--id", "e")

    assert told.out == "e: no policy for MY_OWN, so nothing was decided\n"


def test_without_waiting_it_lies_in_the_inbox_until_it_is_drained(cli):
    told = cli(*CREATED, "--id", "e", "--no-wait")
    assert told.out == "e is in the inbox and not yet decided\n"

    drained = cli("inbox", "drain")

    line = r"Processed 1 events in \d+\.\d\ds \(\d+\.\d events/s\)\n"
    assert re.fullmatch(line, drained.out)
    assert cli("inbox", "show", "e", "--json").json["status"] == "completed"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--payload", "[1]"), "no JSON object"),
        (("--payload", "{"), "no JSON object"),
        (("--payload", '{"a": NaN}'), "no JSON object"),
        (("--payload", "[" * 9000), "no JSON object"),
        (("--id", "a\nb"), "this is no event: id has characters"),
        (("--at", "yesterday"), "is no time"),
        (("--at", "2026-01-31T12:00:00"), "is no time"),
        (("--subject", ""), "this is no event: subject is missing"),
    ],
)
def test_what_is_no_event_is_refused_before_anything_is_written(cli, words, said):
    told = cli(*CREATED, *words)

    assert told.code == 2
    assert said in told.err
    assert "Try: agent2 " in told.err or "Try: --" in told.err
    assert not cli.state.exists()


def test_a_payload_that_is_too_long_is_refused(cli):
    told = cli(*CREATED, "--payload", "-", input_text="{" + " " * 300_000 + "}")

    assert (told.code, "262144 bytes" in told.err) == (2, True)


def test_a_refused_configuration_does_not_lose_the_event(cli):
    cli.config("version: 1\ntargets: nothing\n")

    told = cli(*CREATED, "--id", "e")

    assert told.code == 0
    assert "is refused" in told.err
    assert "e is in the inbox and not yet decided" in told.out


def test_with_events_switched_off_only_a_drain_decides(cli):
    off = {"AGENT2_EVENTS_ENABLED": "false"}

    assert "not yet decided" in cli(*CREATED, "--id", "e", env=off).out
    assert cli("inbox", "drain", env=off).out.startswith("Processed 1 events in ")


def test_the_test_event_goes_the_whole_way(cli):
    told = cli("events", "test", "--json")

    assert (told.code, told.json["status"]) == (0, "completed")
    with closing(sqlite3.connect(cli.state / "agent2.db")) as user:
        rows = user.execute(
            "SELECT task_id FROM supervisor_inbox WHERE source = 'eventbus'"
        ).fetchall()
    assert rows == [("agent2",)]
    assert "from push to decision in" in cli("events", "test").out


def test_all_of_a_subject_is_shown_by_its_name(cli):
    cli(*CREATED, "--id", "e1")
    cli("gate", "pause", "task_abc123", "--reason", "look")

    shown = cli("events", "show", "task_abc123").out
    tree = cli("events", "show", "task_abc123", "--json").json

    assert "SUPERVISOR_PAUSED  decision_type=pause reason=look" in shown
    assert [one["event_type"] for one in tree["events"]] == [
        "GATE_PAUSED",
        "TASK_CREATED",
    ]
    assert "event_id: e1" in cli("events", "show", "e1").out
    assert cli("events", "show", "nothing").code == 2


def test_stats_are_the_runbooks_figures_with_their_levels(cli):
    rows = [(f"p{n}", "pending", 40 + n) for n in range(10)]
    put(cli, *rows, ("f", "failed", 1), ("c1", "completed", 1), ("c2", "completed", 1))

    tree = cli("inbox", "stats", "--json").json

    counts = {
        name: tree[f"{name}_count"] for name in ("pending", "failed", "completed")
    }
    assert counts == {"pending": 10, "failed": 1, "completed": 2}
    assert 49 <= tree["oldest_pending_age_seconds"] < 90
    assert tree["levels"] == {
        "backlog": "warning",
        "lag": "critical",
        "failed": "critical",
    }
    assert tree["sources"] == {"eventbus": 13}
    assert tree["subscribers"] == 0
    shown = cli("inbox", "stats").out
    assert "Pending:    10 (warning)" in shown
    assert "Failed:     1 (7.69%, critical)" in shown


def test_an_empty_inbox_is_normal_and_has_no_age(cli):
    put(cli)

    tree = cli("inbox", "stats", "--json").json

    assert tree["oldest_pending_age_seconds"] is None
    assert (tree["failed_rate"], set(tree["levels"].values())) == (0.0, {"normal"})
    assert cli("inbox", "list").out == "no event\n"


def test_failed_events_are_listed_and_queued_again(cli):
    put(cli, ("a", "failed", 5), ("b", "failed", 9), error_message="ValueError: x")
    put(cli, ("c", "pending", 1))

    rows = cli("inbox", "failed").out.splitlines()
    assert [row.split("\t")[0] for row in rows] == ["EVENT", "a", "b"]
    assert rows[1].endswith("ValueError: x")
    assert cli("inbox", "retry", "b").out == "1 event is queued again\n"
    assert cli("inbox", "retry", "--all", "--json").json == {"retried": 1}
    states = cli("inbox", "list", "--state", "pending", "--json").json["events"]
    assert {one["event_id"] for one in states} == {"a", "b", "c"}


def test_retry_wants_ids_that_exist_or_all(cli):
    put(cli, ("a", "failed", 5))

    assert "or give --all" in cli("inbox", "retry").err
    assert "there is no event zz" in cli("inbox", "retry", "zz").err


def test_the_doctor_says_that_nothing_holds_it_up(cli):
    put(cli, ("a", "completed", 5))

    told = cli("inbox", "doctor")

    assert (told.code, told.out.splitlines()[-1]) == (0, "Nothing holds it up.")


def test_the_doctor_does_not_call_it_well_while_events_wait(cli):
    put(cli, ("p", "pending", 60), ("old", "completed", 900))
    stamp_decided(cli, "old", 900)

    nobody = cli("inbox", "doctor", "--json")
    put(cli, ("done", "completed", 2))
    stamp_decided(cli, "done", -3600)  # however slow this machine is
    behind = cli("inbox", "doctor")

    assert nobody.code == behind.code == 1
    assert "1 event waits and nobody decides" in nobody.json["verdict"][0]
    assert re.search("1 event waits, the oldest for .* were decided", behind.out)
    assert "Nothing holds it up" not in behind.out


def stamp_decided(cli, event, ago):
    with closing(sqlite3.connect(cli.state / "agent2.db")) as db, db:
        db.execute(
            "UPDATE supervisor_inbox SET processed_at ="
            " strftime('%Y-%m-%d %H:%M:%f', 'now', ?) WHERE event_id = ?",
            (f"{-ago} seconds", event),
        )


def test_the_doctor_knows_which_decision_took_longest(cli):
    cli(*CREATED)

    slowest = cli("inbox", "doctor", "--json").json["slowest"]

    assert slowest["event_type"] == "TASK_CREATED"
    assert 0.0 <= slowest["seconds"] < 60.0


def test_the_doctor_names_each_cause_and_what_to_do(cli):
    put(cli, *((f"p{n}", "pending", 60) for n in range(6)), source="polling")
    put(cli, ("s", "processing", 400), ("f", "failed", 1), source="polling")

    told = cli("inbox", "doctor", "--json")

    assert told.code == 1
    tree = told.json
    assert (tree["pending_count"], tree["stuck_count"], tree["failed_count"]) == (
        6,
        1,
        1,
    )
    words = "\n".join(tree["verdict"])
    assert "1 event is held by a program that died" in words
    assert "6 events wait and nobody decides: agent2 inbox drain" in words
    assert "event source degraded" in words
    assert "agent2 inbox failed" in words


@pytest.mark.parametrize("given", ["", "24", "h", "-1h", "1y"])
def test_a_length_of_time_has_a_number_and_a_unit(cli, given):
    put(cli)

    told = cli("inbox", "stats", "--since", given)

    assert (told.code, "is no length of time" in told.err) == (2, True)


def test_a_walk_along_the_journal_finds_what_a_replay_would_miss(cli):
    cli.state.mkdir(exist_ok=True)
    with closing(Database.open(str(cli.state / "agent2.db"))) as db:
        with db.transaction() as tx:
            for n in range(300):
                journal.append(tx, float(n), "health.changed", "a", None, {})
        whole = journal.walk(db)
        with db.transaction() as tx:
            journal.prune(tx, 10.0)
        pruned = journal.walk(db)
        with db.transaction() as tx:
            tx.execute("DELETE FROM journal WHERE seq IN (20, 21, 300)")
            tx.execute("UPDATE sqlite_sequence SET seq = 290 WHERE name = 'journal'")
    found = cli("events", "verify", "--json")
    assert cli("events", "verify").out.splitlines()[-1].startswith("not whole: ")

    assert (whole.count, whole.first, whole.last) == (300, 1, 300)
    assert (pruned.count, pruned.first) == (290, 11)
    assert whole.broken == pruned.broken == []
    assert found.code == 1
    assert found.json == {
        "count": 287,
        "first": 11,
        "last": 299,
        "reused": True,
        "broken": [{"after": 19, "next": 22}],
    }
