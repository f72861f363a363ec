"""One approval frees one restart, however slow the store is."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from agent2.core.events import Gate
from agent2.core.model import Code, Facet, Judgement, TargetState, Verdict
from agent2.core.policies import Ruling
from agent2.host.clock import Clock
from agent2.plan.events import EventsPlan
from agent2.store import gates as rows
from agent2.watcher.gates import Gates

BAD = Judgement(Verdict.BAD, Facet.PROCESS, Code.PID_DEAD, "gone")
NOW = float(int(time.time()))
GATE = Gate("webui", "restart", "APPROVED", "go", "mia", NOW)


def failing(since, **more):
    return TargetState(failing_since=since, **more)


@pytest.fixture
def watched():
    plan = SimpleNamespace(labels={})
    return SimpleNamespace(
        name="webui", pid_file="", program="", plan=plan, state=failing(NOW - 1.0)
    )


@pytest.fixture
def made(db, tmp_path, watched):
    class Memory:
        async def read(self, call):
            return call(db)

    texts = SimpleNamespace(say=lambda *_args, **_facts: None)
    found = Gates(Clock(), str(tmp_path), Memory, lambda: texts, lambda _watched: None)
    plan = SimpleNamespace(events=EventsPlan(enabled=True, mode="interactive"))
    found.use(plan, {"webui": watched})
    return found


def look(made):
    with pytest.raises(StopIteration):
        made.look().send(None)


def put(db, gate):
    with db.transaction() as tx:
        rows.put(tx, gate)


def spend(db):
    with db.transaction() as tx:
        rows.spend(tx, "webui", "restart")


def barred(made, watched):
    found = made.bar(watched, BAD, pending=False)
    return found is not None and found.ruling is Ruling.PAUSE


def test_an_approval_is_used_up_before_the_store_says_so(db, made, watched):
    assert barred(made, watched)
    put(db, GATE)
    look(made)
    assert not barred(made, watched)

    made.spend("webui")

    assert barred(made, watched)
    look(made)  # what was asked before the commit still has it
    assert barred(made, watched)
    spend(db)
    look(made)
    assert barred(made, watched)


def test_the_next_approval_counts_though_it_looks_the_same(db, made, watched):
    put(db, GATE)
    look(made)
    made.spend("webui")
    spend(db)
    look(made)

    put(db, GATE)
    look(made)

    assert not barred(made, watched)


def test_a_gate_that_was_closed_in_between_is_not_opened(db, made, watched):
    put(db, GATE)
    look(made)
    made.spend("webui")
    put(db, Gate("webui", "restart", "REJECTED", "not now", "bob", NOW + 1))

    spend(db)

    look(made)
    assert made.paused("webui").state == "REJECTED"


@pytest.mark.parametrize("whose", ["webui", "*"])
@pytest.mark.parametrize(
    ("state", "freed"),
    [
        (failing(NOW - 1.0), True),
        (failing(NOW + 1.0), False),  # it answered something before the outage
        (TargetState(), False),  # the outage begins now
        (failing(NOW - 9.0, restarts=(NOW - 8.0,)), True),
        (failing(NOW - 9.0, restarts=(NOW - 8.0, NOW + 1.0)), False),  # that was it
    ],
)
def test_an_approval_frees_what_was_asked_when_it_was_given(
    db, made, watched, whose, state, freed
):
    watched.state = state
    put(db, Gate(whose, "restart", "APPROVED", "go", "mia", NOW))
    look(made)

    assert barred(made, watched) != freed
