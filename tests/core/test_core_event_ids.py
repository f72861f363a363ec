"""Ids made of content, and what may come in."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.admission import DEEPEST, LARGEST, LONGEST, refusal
from agent2.core.event_ids import canonical, decision_id, event_id, identified
from agent2.core.events import Event
from agent2.core.instant import milliseconds
from agent2.core.value import replace

AT = 1_700_000_000.123
EVENT = Event("", "eventbus", "task_1", "TASK_CREATED", AT, {"a": 1})

leaves = (
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=6)
)
trees = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
objects = st.dictionaries(st.text(max_size=4), trees, max_size=4)


def sha(content):
    return hashlib.sha256(content).hexdigest()


def made(subject="task_1", kind="TASK_CREATED", at=AT, payload=None):
    return event_id(subject, kind, at, {"a": 1} if payload is None else payload, sha)


def shuffled(tree):
    """The same tree with its keys the other way round and whole numbers as floats."""
    if isinstance(tree, dict):
        return {key: shuffled(tree[key]) for key in reversed(tree)}
    if isinstance(tree, list):
        return [shuffled(one) for one in tree]
    if isinstance(tree, int) and not isinstance(tree, bool) and abs(tree) <= 2**53:
        return float(tree)
    return tree


def same(one, other):
    """Equal as JSON sees it: 1 is 1.0, and true is not 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return (type(one) in (int, float, str) and one == other) or one is other is None


def test_the_id_of_a_fact_is_short_and_stays_what_it_is():
    """It lies in stores: an other way to count it would let every fact in twice."""
    assert made() == "ev-465642f1e7e82f60d313fe966fc31de3"
    assert decision_id("ev-1", sha) == "dec-" + sha(b"[2:8:decision4:ev-1")[:32]


@given(objects, st.floats(0, 4e9), st.text(max_size=5))
def test_the_spelling_of_a_fact_is_no_part_of_it(payload, at, subject):
    assert made(subject, "T", at, payload) == made(subject, "T", at, shuffled(payload))


@given(trees, trees)
def test_two_trees_have_one_text_only_if_they_are_equal(one, other):
    assert (canonical(one) == canonical(other)) == same(one, other)


@given(objects)
def test_a_fact_that_went_through_json_has_the_same_id(payload):
    assert made(payload=payload) == made(payload=json.loads(json.dumps(payload)))


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "task_2"},
        {"kind": "TASK_FAILED"},
        {"at": AT + 0.001},
        {"payload": {"a": 2}},
        {"payload": {"a": "1"}},
        {"payload": {"a": True}},
        {"payload": {"a": None}},
        {"payload": {"a": [1]}},
        {"payload": {"b": 1}},
        {"payload": {}},
        {"payload": {"a": 1.5}},
        {"payload": {"a": {}}},
        {"payload": {"a": []}},
        {"subject": "task_1T", "kind": "ASK_CREATED"},
    ],
    ids=str,
)
def test_another_fact_has_another_id(change):
    assert made(**change) != made()


def test_what_is_below_a_millisecond_is_no_part_of_a_fact():
    assert made(at=AT + 0.0001) == made(at=AT - 0.0001) == made()


def test_half_a_character_has_the_id_of_what_is_stored_for_it():
    assert made(payload={"a": "\udc80"}) == made(payload={"a": "?"})


def test_a_tree_as_deep_as_memory_is_no_trouble():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    assert len(canonical(deep)) == 3 * 100_001
    while deep:  # or the interpreter takes it apart by recursion
        deep = deep.pop()


def test_a_float_is_a_whole_number_only_where_it_is_exactly_one():
    assert canonical(2.0**53) == canonical(2**53)
    assert canonical(2.0**53 + 2) != canonical(2**53 + 2)


def test_keys_that_are_no_text_and_things_unknown_to_json_are_taken_by_their_words():
    assert canonical({1: b"x"}) == canonical({"1": "b'x'"})


def test_a_sender_that_names_its_event_is_believed():
    named = replace(EVENT, id="mine")
    assert identified(named, sha) is named
    assert identified(EVENT, sha) == replace(EVENT, id=made())
    assert identified(replace(EVENT, source="polling"), sha).id == made()


def test_the_one_decision_of_an_event_has_its_own_id():
    assert decision_id("a", sha) != decision_id("b", sha)
    assert len(decision_id("a", sha)) == len("dec-") + 32


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (0.0, 0),
        (-1.0, 0),
        (float("nan"), 0),
        (float("inf"), 253_402_300_799_999),
        (1e12, 253_402_300_799_999),
        (0.0005, 1),
        (0.0004, 0),
        (1.9994, 1999),
        (1.9996, 2000),
    ],
)
def test_times_are_counted_in_whole_milliseconds_of_the_calendar(at, expected):
    assert milliseconds(at) == expected


# --- admission ----------------------------------------------------------------

GOOD = replace(EVENT, id="ev-1")
TOO_LARGE = "payload is larger than 262144 characters and values"


def shared(depth):
    """A few lists that would be 2**depth of them when they were written out."""
    tree: list = [1, 1]
    for _ in range(depth):
        tree = [tree, tree]
    return tree


def looped():
    tree: dict = {}
    tree["again"] = tree
    return tree


def nested(depth):
    tree: dict = {}
    for _ in range(depth - 1):
        tree = {"a": tree}
    return tree


def beside(plain):
    """A tree in whose deepest level there is something plain as well."""
    tree = {"plain": plain, "deep": {}}
    for _ in range(DEEPEST - 1):
        tree = {"a": tree}
    return tree


@pytest.mark.parametrize(
    "event",
    [
        GOOD,
        replace(GOOD, subject="端口 8080", payload={}),
        replace(GOOD, id="x" * LONGEST),
        replace(GOOD, at=0.0),
        replace(GOOD, at=253_402_300_799.9),
        replace(GOOD, payload=nested(DEEPEST)),
        replace(GOOD, payload={"a": ["x"] * 1000}),
        replace(GOOD, id=""),
        replace(GOOD, type="MINE ?", subject="a*"),
        # One for the key's place, one for the text's, and what the texts hold.
        replace(GOOD, payload={"a": "x" * (LARGEST - 2)}),
        replace(GOOD, payload={"a": [0] * (LARGEST - 2)}),
        replace(GOOD, payload={"a": 2**1024 - 1, "b": True, "c": None}),
    ],
    ids=range(12),
)
def test_an_event_comes_in(event):
    assert refusal(event) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"id": None}, "id is missing"),
        ({"subject": "*"}, "subject is *: only a command of a person speaks of all"),
        ({"type": "*"}, "type has a *, which is for patterns"),
        ({"type": "TASK_*"}, "type has a *, which is for patterns"),
        ({"subject": "a\0b"}, "subject has characters that cannot be printed"),
        ({"id": "half \ud800"}, "id has characters that cannot be printed"),
        ({"at": True}, "at is not a time between 1970 and 9999, in seconds"),
        ({"at": "now"}, "at is not a time between 1970 and 9999, in seconds"),
        ({"at": float("inf")}, "at is not a time between 1970 and 9999, in seconds"),
        ({"payload": {"a": "x" * (LARGEST - 1)}}, TOO_LARGE),
        ({"payload": {"a": [0] * (LARGEST - 1)}}, TOO_LARGE),
        ({"payload": {"a": shared(40)}}, TOO_LARGE),
        ({"payload": looped()}, "payload is nested deeper than 64"),
        (
            {"payload": {"a": [{"b": -(2**1024)}]}},
            "payload has a whole number of more than 1024 bits",
        ),
        ({"subject": ""}, "subject is missing"),
        ({"type": None}, "type is missing"),
        ({"source": 5}, "source is missing"),
        ({"id": "x" * (LONGEST + 1)}, "id is longer than 255 characters"),
        ({"subject": "a\nERROR b"}, "subject has characters that cannot be printed"),
        ({"type": "a\x1b[31m"}, "type has characters that cannot be printed"),
        ({"subject": "a\u2028b"}, "subject has characters that cannot be printed"),
        ({"at": -0.1}, "at is not a time between 1970 and 9999, in seconds"),
        ({"at": float("nan")}, "at is not a time between 1970 and 9999, in seconds"),
        (
            {"at": 253_402_300_800.0},
            "at is not a time between 1970 and 9999, in seconds",
        ),
        ({"payload": [1]}, "payload is not a JSON object"),
        ({"payload": nested(DEEPEST + 1)}, "payload is nested deeper than 64"),
        ({"payload": beside(1)}, "payload is nested deeper than 64"),
        (
            {"payload": {"a": ([nested(DEEPEST - 1)],)}},
            "payload is nested deeper than 64",
        ),
    ],
    ids=lambda one: one[:40] if isinstance(one, str) else next(iter(one)),
)
def test_what_is_wrong_with_an_event_is_said_by_its_field(change, words):
    assert refusal(replace(GOOD, **change)) == words
