"""A store that somebody has bent: what it says is shown safely, and nobody is blind."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
import time

import pytest
from rig import FAST, ROOT, config
from store_rows import NOW, delivery

from agent2.core.health import advance
from agent2.core.message import DeliveryState, Receipt
from agent2.core.model import Code, Facet, Judgement, Policy, TargetState, Verdict
from agent2.host.clock import stamp
from agent2.plan.values import TargetPlan
from agent2.store import outbox
from agent2.store.codec import pack, unpack
from agent2.store.database import Database
from agent2.watcher.leftover import still_true
from tests.fakes.health_server import HealthServer, http

EVIL = "\x1b[2J\u202eevil\n"
TIMES = (1e308, -1e308, float("inf"), 2**63 - 1, -(2**63), "soon", b"\xff")


@pytest.fixture
def server():
    with HealthServer(http('{"status": "ok"}')) as made:
        yield made


def bent(agent) -> None:
    """Write a store that no agent has written."""
    agent.folder.mkdir(parents=True)
    path = str(agent.folder / "agent2.db")
    Database.open(path).close()
    with sqlite3.connect(path) as db:
        for number, at in enumerate(TIMES):
            row = (f"webui@{number}", "webui", EVIL, at, None, *[EVIL] * 3, at, EVIL)
            row = (*row, EVIL)
            db.execute(f"INSERT INTO incidents VALUES (?{', ?' * 10})", row)
            silence = (f"s{number}", json.dumps({EVIL: EVIL}), at, at, *[EVIL] * 2, at)
            db.execute(
                f"INSERT INTO silences VALUES (?{', ?' * 8})", (*silence, None, EVIL)
            )
            db.execute(
                "INSERT INTO orders (id, verb, subject, why, who, at, force)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (f"o{number}", EVIL, *[EVIL] * 3, at, at),
            )
            db.execute(
                "INSERT INTO actions (id, target, incident, attempt, kind, issue,"
                " label, result, reason, code, detail, planned_at, done_at)"
                " VALUES (?, 'webui', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (f"a{number}", EVIL, at, *[EVIL] * 3, "planned", *[EVIL] * 3, at, at),
            )
            db.execute(
                "INSERT INTO journal (at, kind, target, incident, body)"
                " VALUES (?, ?, 'webui', 'webui@0', ?)",
                (at, EVIL, json.dumps({EVIL: EVIL})),
            )
            db.execute(
                "INSERT INTO deliveries (id, notifier, incident, alert, created_at,"
                " next_at, state, attempts, fence, failed_at, detail)"
                " VALUES (?, ?, 'webui@0', '{', ?, ?, 'dead', ?, ?, ?, ?)",
                (f"d{number}", EVIL, at, at, at, at, at, EVIL),
            )
        for name in ("webui", EVIL):
            state = {"since": -1e308, "attempts": 2**70, "reminded": -5, "told": True}
            state |= {"incident": EVIL, "health": "unhealthy", "restarts": [1e308]}
            db.execute("INSERT INTO targets VALUES (?, ?)", (name, json.dumps(state)))
    db.close()


@pytest.mark.parametrize("word", ["ok", "down"])
def test_no_row_of_the_store_makes_the_agent_blind(rig, server, word):
    server.answers[:] = [http(json.dumps({"status": word}))]
    check = {"kind": "http", "url": server.url}
    agent = rig.agent(config({"name": "webui", "checks": [check]} | FAST), start=False)
    bent(agent)
    agent.start()
    agent.until_word(word)
    first = agent.status()["seq"]
    agent.until(lambda status: status["seq"] > first + 2, 60, "a later status")
    assert agent.lines("internal") == []
    assert [line for line in agent.log().splitlines() if not line.isprintable()] == []


SHOWN = (
    ("silence", "list", "--all"),
    ("silence", "list", "--all", "--json"),
    ("incidents", "list"),
    ("incidents", "list", "--json"),
    ("incidents", "list", "--open"),
    ("incidents", "show", "webui@0"),
    ("incidents", "show", "webui@0", "--json"),
    ("outbox", "list"),
    ("outbox", "list", "--json"),
    ("outbox", "stats"),
    ("status",),
    ("status", "--json"),
    ("status", "--color", "always"),
)


def test_no_command_lets_a_bent_store_or_status_act_on_the_terminal(rig):
    agent = rig.agent(None, start=False)
    bent(agent)
    status = {"status": EVIL, "health_status": EVIL, "fixes": [{"issue": EVIL}]}
    status |= {"targets": [{"name": EVIL, "checks": [{"name": EVIL, "code": EVIL}]}]}
    status |= {"incidents": {"open": [{"id": EVIL, "detail": EVIL}]}}
    text = json.dumps(status, ensure_ascii=False)
    agent.status_path.write_text(text, encoding="utf-8")
    for words in SHOWN:
        argv = [sys.executable, "-m", "agent2", "--state-dir", agent.folder, *words]
        done = subprocess.run(argv, capture_output=True, cwd=ROOT, env=agent.env)
        said = (done.stdout + done.stderr).decode()
        assert done.returncode == 0, (words, said)
        assert "\x1b[2J" not in said, words
        assert "\u202e" not in said, words
        if "--json" in words:
            json.loads(done.stdout)
    assert not (agent.folder / "agent2_cli_error.log").exists()


def test_a_status_nested_too_deep_is_a_trouble_and_no_crash(rig):
    agent = rig.agent(None, start=False)
    agent.folder.mkdir(parents=True)
    agent.status_path.write_text("[" * 100_000)
    argv = [sys.executable, "-m", "agent2", "--state-dir", agent.folder, "status"]
    done = subprocess.run(argv, capture_output=True, cwd=ROOT, env=agent.env)
    assert done.returncode == 0, done.stderr


def test_a_row_whose_id_was_bent_is_sent_once_and_no_more(tmp_path):
    path = str(tmp_path / "agent2.db")
    db = Database.open(path)
    with db.transaction() as tx:
        outbox.add(tx, [delivery(), delivery(notifier="chat")])
        tx.execute("UPDATE deliveries SET id = CAST(x'ff' || id AS TEXT)")
    for number, name in enumerate(("mail", "chat")):
        (held,) = outbox.lease(
            db, owner="me", now=NOW, lease_s=5, notifiers=(name,), limit=1
        )
        if number:
            assert outbox.superseded(db, [held.id], "why", NOW, holding=held) == 1
        else:
            assert outbox.delivered(db, held, Receipt("taken"), NOW)
    later = {"owner": "me", "now": NOW + 60, "lease_s": 5}
    assert outbox.lease(db, notifiers=("mail", "chat"), **later) == []
    states = [row.state for row in outbox.listing(db)]
    assert states == [DeliveryState.DELIVERED, DeliveryState.SUPERSEDED]
    db.close()


def test_counts_at_the_end_of_their_range_can_still_be_leased(tmp_path):
    db = Database.open(str(tmp_path / "agent2.db"))
    with db.transaction() as tx:
        outbox.add(tx, [delivery()])
        tx.execute("UPDATE deliveries SET fence = ?1, attempts = ?1", (2**63 - 1,))
    (held,) = outbox.lease(db, owner="me", now=NOW, lease_s=5, notifiers=("mail",))
    assert outbox.delivered(db, held, Receipt("taken"), NOW)
    db.close()


def odd(chance: random.Random) -> object:
    choices = (None, True, -1, 7, 2**70, 1e308, -1e308, "x", "healthy", "port", [], {})
    return chance.choice((*choices, [1.0, -5.0, 1e308], time.time(), "webui@1.000"))


@pytest.mark.parametrize("seed", range(4))
def test_no_state_of_a_store_stops_the_judge(seed):
    chance = random.Random(seed)
    names = TargetState.__match_args__
    for _ in range(700):
        tree = {name: odd(chance) for name in names if chance.random() < 0.6}
        tree["health"] = chance.choice(
            ("healthy", "failing", "unhealthy", "recovering")
        )
        policy = Policy(failure_threshold=chance.choice((1, 3)))
        now = time.time()
        state = unpack(TargetState, json.dumps(tree), {})
        state = still_true(state, TargetPlan("webui", (), (), policy), now)
        for _ in range(4):
            now += 5.0
            verdict = chance.choice(list(Verdict))
            seen = Judgement(verdict, chance.choice(list(Facet)), Code.OK, "x")
            died, pending = chance.random() < 0.3, chance.random() < 0.3
            step = advance(
                "webui", policy, state, seen, now, died=died, pending=pending
            )
            state = step.state
            assert json.loads(pack(state))["health"] == state.health.value


@pytest.mark.parametrize("at", [1e308, -1e308, float("inf"), float("nan"), -1.0])
def test_a_time_that_no_calendar_has_is_shown_as_the_nearest(at):
    assert stamp(at)[:4] in {"1970", "9999", "1969"}
