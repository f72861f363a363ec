"""Gates: what holds whom, and what each run mode lets pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.events import Gate
from agent2.core.gates import (
    approve,
    asked,
    given_since,
    is_approved,
    is_held,
    passes,
    pause,
    reject,
)
from agent2.core.policies import Level
from agent2.core.standing import Mode

NOW = 1_700_000_000.0
STATES = ("AWAITING_APPROVAL", "APPROVED", "REJECTED", "AUTO_APPROVED")


def gate(subject="webui", name="restart", state="AWAITING_APPROVAL"):
    return Gate(subject, name, state, "why", "ada", NOW)


def test_a_pause_waits_until_a_person_approves_or_rejects():
    paused = pause("webui", "restart", "deploy", "ada", NOW)
    assert paused == Gate("webui", "restart", "AWAITING_APPROVAL", "deploy", "ada", NOW)
    approved = approve(paused, "done", "bob", NOW + 1)
    assert approved == Gate("webui", "restart", "APPROVED", "done", "bob", NOW + 1)
    rejected = reject(approved, "no", "eve", NOW + 2)
    assert rejected == Gate("webui", "restart", "REJECTED", "no", "eve", NOW + 2)


@pytest.mark.parametrize(
    ("state", "held"),
    [
        ("AWAITING_APPROVAL", True),
        ("REJECTED", True),
        ("APPROVED", False),
        ("AUTO_APPROVED", False),
        ("approved", True),  # a word that we do not know
    ],
)
def test_only_an_approved_gate_is_open(state, held):
    one = gate(state=state)
    assert is_held((one,), "webui") == (one if held else None)


@pytest.mark.parametrize(
    ("name", "at", "held"),
    [
        ("restart", "restart", True),
        ("open_plan", "restart", True),
        ("pre_step", "restart", True),
        ("post_step", "restart", False),
        ("pre_publish", "restart", False),
        ("restart", "open_plan", False),
        ("open_plan", "open_plan", True),
        ("pre_publish", "pre_publish", True),
    ],
)
def test_a_gate_before_the_deed_holds_a_restart(name, at, held):
    assert (is_held((gate(name=name),), "webui", at) is not None) == held


def test_a_gate_holds_its_own_subject_and_the_one_of_all_holds_everybody():
    mine, every = gate(), gate("*")
    assert is_held((mine,), "db") is None
    assert is_held((every,), "db") is every
    assert is_held((every, mine), "webui") is mine
    assert is_held((every, gate(state="APPROVED")), "webui") is every
    assert is_held((), "webui") is None


@pytest.mark.parametrize(
    ("gates", "approved"),
    [
        ((), False),
        ((gate(state="APPROVED"),), True),
        ((gate("*", state="APPROVED"),), True),
        ((gate(state="AUTO_APPROVED"),), False),
        ((gate("db", state="APPROVED"),), False),
        ((gate(state="APPROVED", name="post_step"),), False),
        ((gate(state="APPROVED", name="open_plan"),), True),
        ((gate(state="APPROVED"), gate("*")), False),
        ((gate(state="APPROVED"), gate(name="pre_step")), False),
    ],
)
def test_a_subject_is_approved_when_a_person_said_so_and_nothing_holds_it(
    gates, approved
):
    assert is_approved(gates, "webui") is approved


def test_an_approval_counts_at_its_own_check_point():
    published = (gate(state="APPROVED", name="pre_publish"),)
    assert is_approved(published, "webui", "pre_publish")
    assert not is_approved(published, "webui", "post_step")


@pytest.mark.parametrize(
    ("mode", "free"),
    [("interactive", ""), ("assisted", "low"), ("autonomous", "low medium")],
)
def test_a_run_mode_lets_so_much_pass_without_a_person(mode, free):
    for level in Level:
        alone = level.value in free.split()
        assert passes(Mode(mode), level) is alone
        made = asked("webui", "pre_step", "why", "policy", NOW, Mode(mode), level)
        state = "AUTO_APPROVED" if alone else "AWAITING_APPROVAL"
        assert made == Gate("webui", "pre_step", state, "why", "policy", NOW)


gates = st.builds(
    gate,
    st.sampled_from(["webui", "db", "*"]),
    st.sampled_from(["restart", "open_plan", "pre_step", "post_step", "pre_publish"]),
    st.sampled_from(STATES),
)


@given(st.lists(gates, max_size=6), gates, st.sampled_from(["restart", "pre_publish"]))
def test_one_more_held_gate_never_sets_anybody_free(some, other, name):
    held = gate(other.subject, other.name)
    before = is_held(tuple(some), "webui", name)
    assert before is None or is_held((*some, held), "webui", name) is not None


@given(st.lists(gates, max_size=6))
def test_nobody_is_both_held_and_approved(some):
    assert not (is_held(tuple(some), "db") and is_approved(tuple(some), "db"))


@pytest.mark.parametrize(
    ("state", "asked_at", "counts"),
    [
        ("APPROVED", NOW - 1, True),
        ("APPROVED", NOW, True),
        ("APPROVED", NOW + 1, False),
        ("REJECTED", NOW + 1, True),
        ("AWAITING_APPROVAL", NOW + 1, True),
    ],
)
def test_an_approval_is_no_answer_to_what_was_asked_after_it(state, asked_at, counts):
    one = gate(state=state)
    assert given_since((one,), asked_at) == ((one,) if counts else ())
