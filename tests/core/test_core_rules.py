"""Rules that people write."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.events import Event
from agent2.core.policies import Concern, Level, Measure, Ruling
from agent2.core.rules import OPS, Condition, Rule, fits, glob, holds, judge_by_rules

NOW = 1_700_000_000.0
EVENT = Event(
    "e1",
    "eventbus",
    "task_1",
    "CHECK_FAILED",
    NOW,
    {"rate": 0.4, "n": 3, "name": "web-1", "on": True, "none": None,
     "in": {"side": [1, 2]}, "list": ["a"]},
    retries=2,
)  # fmt: skip


@pytest.mark.parametrize(
    ("field", "op", "wanted", "so"),
    [
        ("type", "eq", "CHECK_FAILED", True),
        ("type", "ne", "CHECK_FAILED", False),
        ("id", "eq", "e1", True),
        ("source", "in", ["polling", "eventbus"], True),
        ("source", "in", ("polling",), False),
        ("source", "in", "eventbus or so", False),
        ("subject", "matches", "task_*", True),
        ("subject", "matches", "task_?", True),
        ("subject", "matches", "ask_1", False),
        ("at", "ge", NOW, True),
        ("at", "gt", NOW, False),
        ("retries", "le", 2, True),
        ("retries", "lt", 2, False),
        ("payload.rate", "gt", 0.3, True),
        ("payload.rate", "gt", 0.4, False),
        ("payload.rate", "ge", 0.4, True),
        ("payload.rate", "lt", 0.4, False),
        ("payload.rate", "le", 0.4, True),
        ("payload.n", "eq", 3.0, True),
        ("payload.n", "gt", "2", False),
        ("payload.n", "gt", True, False),
        ("payload.on", "eq", True, True),
        ("payload.on", "eq", 1, False),
        ("payload.on", "ne", 1, True),
        ("payload.on", "gt", 0, False),
        ("payload.on", "in", [1], False),
        ("payload.name", "gt", "web-0", True),
        ("payload.n", "matches", "3", False),
        ("payload.name", "matches", 3, False),
        ("payload.list", "matches", "a", False),
        ("payload.list", "eq", ["a"], True),
        ("payload.in.side", "eq", [1, 2], True),
        ("payload.in", "exists", True, True),
        ("payload.in.out", "exists", True, False),
        ("payload.in.out", "exists", False, True),
        ("payload.in", "exists", False, False),
        ("payload.name.x", "exists", False, True),
        ("payload.none", "exists", True, True),
        ("payload.none", "eq", None, True),
        ("payload.gone", "eq", None, False),
        ("payload.gone", "ne", 1, True),
        ("payload.gone", "lt", 1, False),
        ("payload.rate", "wrong", 0.4, False),
        ("__class__", "exists", True, False),
        ("id.__class__", "exists", True, False),
        ("", "exists", True, False),
    ],
)
def test_a_condition(field, op, wanted, so):
    assert holds(Condition(field, op, wanted), EVENT) is so


def test_every_operator_of_the_configuration_is_one():
    subject = Condition("subject", "eq", "task_1")
    wanted = {"in": ["task_1"], "ne": "x", "gt": "a", "lt": "z", "exists": True}
    for op in OPS:
        one = Condition(subject.field, op, wanted.get(op, subject.value))
        assert holds(one, EVENT), op


def rule(name, *when, then=Ruling.BLOCK, **more):
    return Rule(name, tuple(Condition(*one) for one in when), then, **more)


YES, NO = ("type", "exists", True), ("type", "exists", False)


@pytest.mark.parametrize(
    ("rules", "winner"),
    [
        ([], None),
        ([rule("a")], "a"),
        ([rule("a", YES), rule("b", YES)], "a"),
        ([rule("a", NO), rule("b", YES)], "b"),
        ([rule("a", YES, NO)], None),
        ([rule("a", event="TASK_CREATED"), rule("b", event="CHECK_*")], "b"),
        ([rule("a", event="*_FAILED")], "a"),
        ([rule("a", event="TASK_FAILED")], "a"),
        ([rule("a", event="ALERT_FAILED")], None),
        ([rule("a", NO, event="CHECK_FAILED")], None),
    ],
)
def test_the_first_rule_that_fits_decides(rules, winner):
    decision = judge_by_rules(rules, EVENT)
    assert (None if decision is None else decision.reason) == (
        None if winner is None else f"rule {winner}"
    )


@pytest.mark.parametrize(
    ("then", "level"),
    [
        (Ruling.BLOCK, Level.HIGH),
        (Ruling.PAUSE, Level.MEDIUM),
        (Ruling.REQUIRE_REVIEW, Level.MEDIUM),
        (Ruling.RETRY, Level.LOW),
    ],
)
def test_a_decision_by_rule_says_by_which_and_what_was_so(then, level):
    made = rule("busy", ("payload.rate", "gt", 0.3), then=then, reason="too busy")
    decision = judge_by_rules([made], EVENT)
    assert decision.ruling is then
    assert decision.reason == "too busy"
    assert Measure.WRITE_AUDIT in decision.measures
    assert decision.concerns == (
        Concern(
            "e1/busy", "constraint", level, "too busy", ("payload.rate gt 0.3",), "busy"
        ),
    )


def test_an_allowing_rule_has_nothing_to_say_against_the_event():
    decision = judge_by_rules([rule("fine", then=Ruling.ALLOW)], EVENT)
    assert (decision.ruling, decision.concerns) == (Ruling.ALLOW, ())


def test_a_rule_fits_a_type_by_its_other_word():
    assert fits("TASK_CREATED", "TARGET_ADDED")
    assert fits("TARGET_ADDED", "TASK_CREATED")
    assert not fits("CHECK_FAILED", "ALERT_FAILED")


@given(st.text("ab*?", max_size=6), st.text("ab", max_size=8))
def test_a_pattern_means_what_it_means_to_a_shell(pattern, text):
    assert glob(pattern, text) == fnmatch.fnmatchcase(text, pattern)


def test_no_pattern_hangs_it():
    """A regular expression of this shape takes longer than the sun has."""
    assert not glob("*a" * 200 + "b", "a" * 4000)
