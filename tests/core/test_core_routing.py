"""Which policy judges which type."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core import builtin
from agent2.core.routing import ALIASES, Router, synonyms


def policy(name):
    def judge(_event, _standing):
        raise AssertionError

    judge.__name__ = name
    return judge


def router(*patterns):
    made = Router()
    for pattern in patterns:
        made.register(pattern, policy(pattern))
    return made


def chosen(made, kind):
    found = made.route(kind)
    return None if found is None else found.__name__


@pytest.mark.parametrize(
    ("patterns", "kind", "winner"),
    [
        ((), "TASK_CREATED", None),
        (("TASK_CREATED",), "TASK_FAILED", None),
        (("TASK_CREATED", "TASK_*", "*"), "TASK_CREATED", "TASK_CREATED"),
        (("*", "TASK_*", "*_CREATED"), "TASK_CREATED", "TASK_*"),
        (("*", "*_CREATED"), "TASK_CREATED", "*_CREATED"),
        (("*",), "TASK_CREATED", "*"),
        (("T*", "TASK_*", "TAS*"), "TASK_CREATED", "TASK_*"),
        (("*D", "*TED", "*ED"), "TASK_CREATED", "*TED"),
        (("TASK_CREATED*",), "TASK_CREATED", "TASK_CREATED*"),
        (("*TASK_CREATED",), "TASK_CREATED", "*TASK_CREATED"),
        (("TASK_CREATED_*",), "TASK_CREATED", None),
        (("GUARDIAN_*",), "mode.violation", None),
        (("mode.*",), "mode.violation", "mode.*"),
        # The words of the documents and Agent2's own stand for one another.
        (("TASK_CREATED",), "TARGET_ADDED", "TASK_CREATED"),
        (("TARGET_ADDED",), "TASK_CREATED", "TARGET_ADDED"),
        (("TASK_CREATED", "TARGET_ADDED"), "TARGET_ADDED", "TARGET_ADDED"),
        (("TASK_CREATED", "TARGET_*"), "TARGET_ADDED", "TASK_CREATED"),
        (("TASK_STEP_COMPLETED",), "CHECK_COMPLETED", "TASK_STEP_COMPLETED"),
        (("TASK_FAILED",), "CHECK_FAILED", "TASK_FAILED"),
        (("TASK_FAILED",), "ACTION_FAILED", "TASK_FAILED"),
        (("TASK_FAILED",), "ALERT_FAILED", "TASK_FAILED"),
        (("TASK_STATE_CHANGED",), "TARGET_STATE_CHANGED", "TASK_STATE_CHANGED"),
        (("ALERT_FAILED", "ACTION_FAILED"), "TASK_FAILED", "ACTION_FAILED"),
        # A failed check is not a failed alert.
        (("CHECK_FAILED",), "ALERT_FAILED", None),
        (("*",), "", "*"),
        (("T*",), "TASK", "T*"),
        (("*K",), "TASK", "*K"),
        (("A*", "*"), "TASK", "*"),
    ],
)
def test_the_closest_pattern_wins(patterns, kind, winner):
    assert chosen(router(*patterns), kind) == winner
    assert chosen(router(*reversed(patterns)), kind) == winner


def test_what_is_registered_last_under_a_pattern_stands():
    made = router("A", "A*", "*A", "*")
    for pattern in ("A", "A*", "*A", "*"):
        made.register(pattern, policy("new"))
    assert {chosen(made, kind) for kind in ("A", "AB", "BA", "C")} == {"new"}


@pytest.mark.parametrize(
    "pattern", ["", "**", "A*B", "*A*", "A**", "**A", "A*B*", "*A*B"]
)
def test_a_pattern_with_a_star_in_it_is_refused(pattern):
    with pytest.raises(ValueError, match=r"use NAME, PREFIX\*, \*SUFFIX or \*"):
        Router().register(pattern, policy("x"))


def test_a_router_says_what_it_has():
    made = router("*", "*Z", "B", "A", "T*")
    assert made.patterns() == ("A", "B", "*", "T*", "*Z")


@given(
    st.lists(st.text("AB", min_size=1, max_size=4), max_size=6),
    st.text("AB", max_size=6),
)
def test_of_all_prefixes_that_fit_the_longest_wins(prefixes, kind):
    fitting = [prefix for prefix in prefixes if kind.startswith(prefix)]
    winner = max(fitting, key=len) + "*" if fitting else None
    assert chosen(router(*(prefix + "*" for prefix in prefixes)), kind) == winner


def test_every_word_of_the_documents_has_its_built_in_policy():
    made = Router()
    builtin.register(made)
    for task, words in ALIASES.items():
        for word in (task, *words):
            assert made.route(word) is builtin.POLICIES[task]
    assert made.route("ACTION_REQUESTED") is builtin.action_requested
    assert made.route("TEST_EVENT") is None
    assert synonyms("TEST_EVENT") == ()
