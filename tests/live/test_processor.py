"""From an event in the inbox to its decision, whatever a policy does."""

from __future__ import annotations

import os
import select
import time

import pytest

from agent2.core.events import Event
from agent2.core.policies import Decision, Ruling
from agent2.plan.events import EventsPlan, RulePlan
from agent2.store import audits, gates, inbox
from agent2.store.database import Database
from agent2.supervisor.policies import Installed, router_of
from agent2.supervisor.processor import Processor

NOW = 1_800_000_000.0


def lives(pid):
    """Does *pid* run? A zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def soon(done):
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def running_away(ledger):
    """Return a policy that starts what leaves its group, its session, its parent."""

    def leave(how):
        if os.fork() == 0:
            how()
            with open(ledger, "a", encoding="utf-8") as file:
                file.write(f"{os.getpid()}\n")
            time.sleep(600)

    def orphaned():
        os.setsid()
        if os.fork():
            os._exit(0)

    def policy(event, _standing):
        if event.id == "a":
            for how in (os.getpid, os.setsid, orphaned):
                leave(how)
            soon(lambda: len(started(ledger)) == 3)
            return {"decision_type": "allow"}
        return os.kill(os.getpid(), 9) if event.id == "dies" else time.sleep(600)

    return policy


def started(ledger):
    try:
        return [int(line) for line in ledger.read_text().splitlines()]
    except OSError:
        return []


def on_its_wire(line):
    """What a policy that writes past us into its own wire can make us read."""
    for number in range(3, 1024):
        if os.path.realpath(f"/proc/self/fd/{number}").find("socket:") >= 0:
            left = memoryview(line)
            while left:
                left = left[os.write(number, left) :]
    os._exit(0)


class Desk:
    """A store, a processor with a clock that the test sets, and what was logged."""

    def __init__(self, path, **plan):
        self.db = Database.open(path)
        self.at = NOW
        self.lines = []
        self.stop = False
        self.plan = EventsPlan(**{"policy_timeout": 5.0} | plan)
        self.processor = Processor(
            self.db,
            now=lambda: self.at,
            log=lambda level, text: self.lines.append(f"{level} {text}"),
            plan=self.plan,
            stop=lambda: self.stop,
        )

    def put(self, *ids, kind="TASK_CREATED", subject="", payload=None):
        with self.db.transaction() as tx:
            made = [
                Event(i, "eventbus", subject or f"task-{i}", kind, NOW, payload or {})
                for i in ids
            ]
            inbox.add(tx, made, self.at)

    def policy(self, kind, policy):
        self.processor.judge.router.register(kind, policy)

    def work(self):
        return self.processor.process_pending_events()

    def state(self, event_id):
        return inbox.get(self.db, event_id)

    def decision(self, event_id):
        (line,) = audits.of_event(self.db, event_id)
        return line

    def close(self):
        self.processor.close()
        self.db.close()


@pytest.fixture
def make(path):
    made = []

    def make(**plan):
        made.append(Desk(path, **plan))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def desk(make):
    return make()


def test_a_hundred_and_twenty_events_go_in_batches_of_fifty(desk):
    desk.put(*(f"e{n}" for n in range(120)))

    assert [desk.work() for _ in range(4)] == [50, 50, 20, 0]
    assert inbox.counts(desk.db, NOW).completed == 120


def test_the_log_says_the_documents_phrases_and_every_line_has_its_subject(desk):
    desk.put("a", "b", "c", "d")
    desk.put("e", subject="task_abc123")

    desk.work()

    assert desk.lines[0] == "INFO Processing 5 pending events"
    assert desk.lines[-1] == "INFO ✅ Processed 5/5 events"
    assert "INFO Processing event: TASK_CREATED for task task_abc123" in desk.lines
    (decided,) = [n for n in desk.lines if "decision" in n and "task_abc123" in n]
    assert decided.startswith("INFO TASK_CREATED decision: allow (findings=0)")


@pytest.mark.parametrize(
    ("kind", "payload", "audit", "level", "ruling"),
    [
        ("TASK_CREATED", {}, "SUPERVISOR_ALLOWED", "info", "allow"),
        ("TASK_CREATED", {"risk_level": "medium"}, "SUPERVISOR_PAUSED", "warn", "pause"),
        ("TASK_CREATED", {"risk_level": "high"}, "SUPERVISOR_BLOCKED", "warn", "block"),
        ("TASK_FAILED", {"error_type": "rate_limited"}, "SUPERVISOR_RETRY_RECOMMENDED", "info", "retry"),
        ("TARGET_STATE_CHANGED", {"flapping": True}, "SUPERVISOR_DECISION", "warn", "require_review"),
    ],
)  # fmt: skip
def test_each_ruling_has_its_word_and_level_in_the_audit(
    desk, kind, payload, audit, level, ruling
):
    desk.put("e", kind=kind, payload=payload)

    desk.work()

    line = desk.decision("e")
    assert (line.type, line.level) == (audit, level)
    assert line.payload["decision_type"] == ruling
    assert line.payload["event_type"] == kind
    assert line.payload["decision_id"] == line.decision_id
    assert line.payload["reason"]


def test_an_event_that_nobody_judges_is_done_without_a_decision(desk):
    desk.put("e", kind="WEATHER")

    assert desk.work() == 1
    assert desk.state("e").status == "completed"
    assert audits.of_event(desk.db, "e") == []


def test_a_policy_that_raises_fails_its_event_and_no_other(desk):
    def raising(_event, _standing):
        raise ValueError("no such thing")

    desk.policy("BAD", raising)
    desk.put("a", kind="BAD")
    desk.put("b")

    assert desk.work() == 2
    assert desk.state("a").status == "failed"
    assert desk.state("a").error == "ValueError: no such thing"
    assert desk.state("b").status == "completed"
    said = "\n".join(desk.lines)
    assert "ERROR Policy execution failed for BAD: ValueError: no such thing" in said
    assert "ERROR Error processing event a: ValueError: no such thing" in said
    assert "✅ Processed 1/2 events" in said
    assert desk.decision("a").type == "SUPERVISOR_ERROR"


@pytest.mark.parametrize(
    ("what", "why"),
    [
        (lambda *_: os._exit(3), "its process ended"),
        (lambda *_: 7, "a policy returns a Decision, not int"),
        (lambda *_: {"decision_type": "maybe"}, "no decision"),
        (lambda *_: 1 / 0, "ZeroDivisionError"),
        (lambda *_: exit(1), "SystemExit"),
        (lambda *_: bytearray(1 << 30), "MemoryError"),
        (lambda *_: {"decision_type": "pause", "until": float("nan")}, "no time"),
        (lambda *_: on_its_wire(b"[" * 100_000 + b"\n"), "spoke nonsense"),
    ],
)
def test_whatever_a_policy_does_its_reason_stands_in_the_inbox(desk, what, why):
    desk.policy("BAD", what)
    desk.put("a", kind="BAD")

    desk.work()

    assert desk.state("a").status == "failed"
    assert why in desk.state("a").error


def test_a_policy_that_hangs_costs_its_time_once_and_nobody_elses(make):
    desk = make(policy_timeout=0.2)

    def hanging(_event, _standing):
        time.sleep(600)

    desk.policy("BAD", hanging)
    desk.put("a", "b", "c", kind="BAD")
    desk.put("d")

    assert desk.work() == 4
    assert desk.state("a").error == "no answer within 0.2 s"
    assert "was not asked" in desk.state("c").error
    assert desk.state("d").status == "completed"


def test_what_a_policy_says_is_one_line_and_not_endless(desk):
    said = {
        "id": "\ud800",
        "category": "risk",
        "severity": "low",
        "description": "a\0b",
    }

    def talking(_event, _standing):
        told = {
            "decision_type": "pause",
            "reason": "x\n" * 5000,
            "findings": [said] * 500,
        }
        return told | {"until": float("inf")}

    desk.policy("BAD", talking)
    desk.put("a", kind="BAD")

    desk.work()

    assert desk.state("a").error == ""
    told = desk.decision("a").payload
    assert len(told["reason"]) == 1000
    assert told["reason"].isprintable()
    assert len(told["findings"]) == 100
    assert told["findings"][0]["description"] == r"a\x00b"
    (gate,) = gates.of(desk.db, "task-a")
    assert gate.reason == told["reason"]


@pytest.mark.parametrize(
    ("end", "why"), [("hangs", "no answer within 3 s"), ("dies", "its process ended")]
)
def test_what_a_policy_has_started_ends_with_it(make, tmp_path, end, why):
    desk = make(policy_timeout=3.0)
    ledger = tmp_path / "started"
    desk.policy("BAD", running_away(ledger))
    desk.put("a", kind="BAD")
    desk.work()
    assert desk.decision("a").payload["decision_type"] == "allow"
    there = started(ledger)
    assert [lives(pid) for pid in there] == [True] * 3
    desk.put(end, kind="BAD")
    desk.work()
    assert desk.state(end).error == why
    assert not any(map(lives, there)), "they outlive it"


def test_what_a_policy_has_started_ends_with_the_one_who_asks_it(make, tmp_path):
    ledger = tmp_path / "started"
    asker = os.fork()
    if asker == 0:
        try:
            desk = make(policy_timeout=30.0)
            desk.policy("BAD", running_away(ledger))
            desk.put("a", kind="BAD")
            desk.put("hangs", kind="BAD")
            desk.work()
        finally:
            os._exit(1)
    soon(lambda: len(started(ledger)) == 3)
    os.kill(asker, 9)
    os.waitpid(asker, 0)
    soon(lambda: not any(map(lives, started(ledger))))


def test_a_failed_event_is_tried_again_later_and_later_and_then_never(make):
    desk = make(max_retries=2)
    desk.policy("BAD", lambda *_: 1 / 0)
    desk.put("a", kind="BAD")

    waits = []
    while desk.work():
        row = desk.state("a")
        if row.next_at is not None:
            waits.append(row.next_at - desk.at)
            assert desk.work() == 0, "it was tried before its time"
            desk.at = row.next_at
    assert waits == [1.0, 2.0]
    assert (desk.state("a").status, desk.state("a").event.retries) == ("failed", 3)

    desk.policy("BAD", lambda *_: Decision(Ruling.ALLOW, "well again"))
    assert inbox.retry(desk.db) == 1
    assert desk.work() == 1
    assert desk.state("a").status == "completed"


def test_a_policy_of_another_package_knows_how_things_stand_and_is_kept_warm(desk):
    count = []

    def policy(event, standing):
        count.append(event.id)
        said = f"{len(count)} {standing.mode.value} {event.payload['n']}"
        return Decision(Ruling.BLOCK, said)

    desk.policy("MINE", policy)
    desk.put("a", kind="MINE", payload={"n": 1})
    desk.put("b", kind="MINE", payload={"n": 2})

    desk.work()

    assert desk.decision("a").payload["reason"] == "1 assisted 1"
    assert desk.decision("b").payload["reason"] == "2 assisted 2"
    assert count == [], "it ran in our own process"


def test_a_policy_has_neither_store_nor_descriptors_of_ours(desk):
    def policy(_event, _standing):
        many = len(os.listdir("/proc/self/fd"))
        return {"decision_type": "allow", "reason": str(many)}

    desk.policy("MINE", policy)
    desk.put("a", kind="MINE")

    desk.work()

    # Standard input, output, error, the way to us, and the folder that is read.
    assert desk.decision("a").payload["reason"] == "5"


def test_a_pause_holds_what_follows_in_the_same_batch(desk):
    desk.put("a", kind="TASK_CREATED", subject="t", payload={"risk_level": "medium"})
    desk.put("b", kind="ACTION_REQUESTED", subject="t")
    desk.put("c", kind="ACTION_REQUESTED", subject="other")

    desk.work()

    (gate,) = gates.of(desk.db, "t")
    assert (gate.name, gate.state) == ("open_plan", "AWAITING_APPROVAL")
    assert desk.decision("b").payload["decision_type"] == "pause"
    assert desk.decision("c").payload["decision_type"] == "allow"


def test_a_person_s_gate_is_not_put_over(desk):
    desk.put("a", subject="t", payload={"risk_level": "medium"})
    desk.work()
    (gate,) = gates.of(desk.db, "t")
    desk.at += 100.0
    desk.put("b", subject="t", payload={"risk_level": "medium"})
    desk.work()

    assert gates.of(desk.db, "t") == (gate,)


def test_agent2_itself_a_foreign_command_and_a_frozen_window_are_redlines(make):
    every = "00:00-12:00", "12:00-00:00"
    desk = make(commands=("systemctl",), frozen=every, mode="autonomous")
    wish = {"kind": "ACTION_REQUESTED"}
    desk.put("a", subject="agent2", **wish)
    desk.put("b", payload={"command": "rm -rf x"}, **wish)
    desk.put("c", payload={"command": "systemctl restart x"}, **wish)

    desk.work()

    said = [desk.decision(i).payload for i in "abc"]
    assert [each["decision_type"] for each in said] == ["block", "block", "pause"]
    assert "redline_violation" in str(said[0]["actions"])
    (gate,) = gates.of(desk.db, "task-c")
    assert gate.state == "AWAITING_APPROVAL"


def test_rules_come_first_and_say_their_reason(make):
    rule = RulePlan(
        "calm", "TASK_*", (("payload.zone", "eq", "x"),), "block", "not in x"
    )
    desk = make(rules=(rule,))
    desk.put("a", payload={"zone": "x"})
    desk.put("b", payload={"zone": "y"})
    desk.put("c", kind="OTHER", payload={"zone": "x"})

    desk.work()

    assert desk.decision("a").payload["decision_type"] == "block"
    assert desk.decision("a").payload["reason"] == "not in x"
    assert desk.decision("b").payload["decision_type"] == "allow"
    assert audits.of_event(desk.db, "c") == []


def test_a_rule_before_a_foreign_policy_leaves_that_one_in_its_own_process(make):
    rule = RulePlan("calm", "MINE", (("payload.zone", "eq", "x"),), "block", "not in x")
    desk = make(rules=(rule,), policy_timeout=0.2)

    class Unhashable:
        __hash__ = None

        def __call__(self, _event, _standing):
            time.sleep(600)

    desk.policy("MINE", Unhashable())
    desk.put("a", "b", kind="MINE")
    desk.put("c", kind="MINE", payload={"zone": "x"})

    assert desk.work() == 3
    assert desk.state("a").error == "no answer within 0.2 s"
    assert "was not asked" in desk.state("b").error
    assert desk.decision("c").payload["decision_type"] == "block"


def test_a_stop_in_the_middle_of_a_batch_leaves_the_rest_pending(desk):
    desk.put(*(f"e{n}" for n in range(50)))
    router, asked = desk.processor.judge.router, []

    def route(kind):
        asked.append(kind)
        desk.stop = len(asked) > 20
        return type(router).route(router, kind)

    desk.processor.judge.router = type("Counting", (), {"route": staticmethod(route)})()

    done = desk.work()

    found = inbox.counts(desk.db, NOW)
    assert 0 < done < 50
    assert (found.completed, found.pending, found.processing) == (done, 50 - done, 0)


def test_a_stop_while_a_policy_thinks_gives_its_event_back(make):
    desk = make(policy_timeout=100.0, lease=1000.0)
    begun, begin = os.pipe()

    def thinking(_event, _standing):
        time.sleep(600)

    def stop():
        asked = bool(select.select([begun], [], [], 0)[0])
        os.write(begin, b"!")  # the next time that it is asked, it is to stop
        return asked

    desk.processor.judge._stop = stop
    desk.policy("SLOW", thinking)
    desk.put("a", "b", kind="SLOW")

    assert desk.work() == 0
    assert [desk.state(i).status for i in "ab"] == ["pending", "pending"]
    assert desk.state("a").event.retries == 0
    os.close(begun)
    os.close(begin)


def test_a_batch_that_takes_half_its_lease_is_written_before_it_ends(make):
    desk = make(lease=1.0)

    def slow(_event, _standing):
        time.sleep(0.2)
        return {"decision_type": "allow"}

    desk.policy("SLOW", slow)
    desk.put(*(f"e{n}" for n in range(20)), kind="SLOW")

    done = desk.work()

    assert 1 <= done < 20
    assert inbox.counts(desk.db, NOW).processing == 0


def test_who_lost_its_claim_writes_nothing(desk, path):
    desk.put("a", payload={"risk_level": "medium"})
    other = Processor(desk.db, now=lambda: desk.at, plan=desk.plan, owner="other")

    def stolen(subject):
        desk.at += 100.0  # our lease is over
        assert other.process_pending_events() == 1
        return type(desk.processor)(desk.db, plan=desk.plan)._standing(subject)

    desk.processor._standing = stolen

    assert desk.work() == 0
    assert desk.decision("a").payload["decision_type"] == "pause"
    other.close()


def test_an_installed_policy_is_imported_in_its_own_process_only(desk):
    class Point:
        name = "MINE"

        @staticmethod
        def load():
            import colorsys

            return lambda *_: {"decision_type": "block", "reason": colorsys.__name__}

    desk.policy("MINE", Installed(Point()))
    desk.put("a", kind="MINE")

    desk.work()

    assert desk.decision("a").payload["reason"] == "colorsys"


def test_an_installed_policy_that_cannot_be_imported_is_said_at_each_event(desk):
    class Point:
        name = "MINE"

        @staticmethod
        def load():
            raise ImportError("no module named gone")

    desk.policy("MINE", Installed(Point()))
    desk.put("a", "b", kind="MINE")

    desk.work()

    assert desk.state("a").error == "ImportError: no module named gone"
    assert desk.state("b").error == "ImportError: no module named gone"


def test_a_package_with_a_bad_pattern_is_said_and_left_out(monkeypatch, tmp_path):
    found = tmp_path / "odd-1.0.dist-info"
    found.mkdir()
    (found / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1.0\n")
    (found / "entry_points.txt").write_text(
        "[agent2.policies]\nA*B = odd:judge\nODD_* = odd:judge\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    said = []

    router = router_of(EventsPlan(), lambda level, text: said.append(f"{level} {text}"))

    assert len(said) == 1
    assert said[0].startswith("ERROR policy odd:judge is left out: 'A*B' is no pattern")
    assert isinstance(router.route("ODD_ONE"), Installed)


def test_the_built_in_policies_are_there_without_any_configuration():
    router = router_of(EventsPlan(), installed=False)

    assert router.route("TASK_CREATED") is router.route("TARGET_ADDED")
    assert router.route("NOBODY_KNOWS") is None
