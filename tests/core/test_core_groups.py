"""Targets that do one work together: how loud the loss of one is, and whose turn it is."""

from __future__ import annotations

import pytest
from core_notation import SAID, T0
from hypothesis import given
from hypothesis import strategies as st

from agent2.core import groups
from agent2.core.effects import Notify, OpenIncident, RequestRestart, Withhold
from agent2.core.health import advance
from agent2.core.model import AlertKind, Health, Policy, RestartPolicy, Severity
from agent2.core.model import TargetState as State

PAGES = {AlertKind.FIRING, AlertKind.REMINDER, AlertKind.EXHAUSTED}
QUICK = RestartPolicy(settle=8.0, backoff=0.0, backoff_max=0.0, intensity=3)
POLICY = Policy(flapping=False, restart=QUICK, reminders=(15.0, 30.0))


class Together:
    """A group that lives: a row of letters is one cycle of each member, in turn."""

    def __init__(self, many: int, least: int, policy: Policy = POLICY) -> None:
        self.states = [State()] * many
        self.least = least
        self.policy = policy
        self.now = T0
        self.effects: list[tuple[int, object]] = []

    def one(self, number: int, letter: str, pending: frozenset[int] = frozenset()):
        others = [s for n, s in enumerate(self.states) if n != number]
        policy = groups.softened(self.policy, others, self.least)
        bar = None
        for n, state in enumerate(self.states):
            turn = groups.is_restarting(self.policy, state, self.now)
            if n != number and turn and bar is None:
                bar = groups.in_turn(f"api.{n}", f"api.{number}")
        said = SAID[letter]
        step = advance(
            f"api.{number}", policy, self.states[number], said, self.now, bar=bar
        )
        self.states[number] = step.state
        self.effects += [(number, effect) for effect in step.effects]
        return step.effects

    def go(self, *rows: str) -> Together:
        for row in rows:
            self.now += 5.0
            for number, letter in enumerate(row):
                self.one(number, letter)
        return self

    def of(self, kind: type) -> list:
        return [effect for _, effect in self.effects if isinstance(effect, kind)]


def _told(group: Together) -> list[tuple[str, AlertKind, Severity]]:
    return [(e.target, e.kind, e.severity) for e in group.of(Notify)]


def test_one_that_is_down_is_a_warning_while_enough_others_are_well():
    group = Together(2, 1).go("++", "+-", "+-")

    assert _told(group) == [("api.1", AlertKind.FIRING, Severity.WARNING)]
    assert [e.severity for e in group.of(OpenIncident)] == [Severity.WARNING]


def test_when_too_few_are_left_both_are_told_and_the_first_one_again():
    group = Together(2, 1).go("++", "+-", "+-", "--", "--")

    assert _told(group) == [
        ("api.1", AlertKind.FIRING, Severity.WARNING),
        ("api.0", AlertKind.FIRING, Severity.CRITICAL),
        ("api.1", AlertKind.FIRING, Severity.CRITICAL),
    ]
    first, _, again = group.of(Notify)
    assert first.incident == again.incident
    assert first.count != again.count, "or the outbox would take it for a repeat"


def test_it_is_told_louder_once_however_long_it_lasts():
    group = Together(2, 1).go("++", "+-", "+-", "--", "--", "--", "--")

    louder = [e for e in group.of(Notify) if e.kind is AlertKind.FIRING and e.count]
    assert len(louder) == 1


def test_where_all_are_needed_the_loss_of_one_is_as_loud_as_it_is_configured():
    group = Together(2, 2).go("++", "+-", "+-")

    assert _told(group) == [("api.1", AlertKind.FIRING, Severity.CRITICAL)]


def test_one_that_was_never_looked_at_stands_in_for_nobody():
    group = Together(2, 1)
    group.one(0, "-")
    group.one(0, "-")

    assert _told(group) == [("api.0", AlertKind.FIRING, Severity.CRITICAL)]


@pytest.mark.parametrize("severity", [Severity.WARNING, Severity.INFO])
def test_what_is_no_louder_than_a_warning_stays_as_it_is(severity):
    policy = Policy(severity=severity)

    assert groups.softened(policy, [State(health=Health.HEALTHY)], 1) is policy


def test_the_second_one_waits_for_its_turn_says_so_once_and_gets_it():
    group = Together(2, 1).go("++", "--", "--")
    assert [e.target for e in group.of(RequestRestart)] == ["api.0"]
    assert [(e.target, e.why, e.note) for e in group.of(Withhold)] == [
        ("api.1", "in_turn", "api.0 restarts")
    ]

    group.go("+-")
    assert [e.target for e in group.of(RequestRestart)] == ["api.0", "api.1"]


def test_one_that_its_restart_did_not_help_gives_its_turn_to_the_next():
    group = Together(2, 1, Policy(flapping=False, restart=RestartPolicy(settle=8.0)))
    group.go("++", *["--"] * 6)

    assert {e.target for e in group.of(RequestRestart)} == {"api.0", "api.1"}


@pytest.mark.parametrize(
    ("health", "words", "least", "word"),
    [
        ("HH", "ok ok", 1, "ok"),
        ("HX", "ok down", 1, "warn"),
        ("HX", "ok down", 2, "down"),
        ("XX", "down down", 1, "down"),
        ("HH", "ok warn", 1, "warn"),
        ("FF", "warn warn", 1, "warn"),  # not yet down
        ("XR", "down warn", 1, "down"),  # its incident is still open
        ("HU", "ok unknown", 1, "unknown"),
        ("UU", "unknown unknown", 1, "unknown"),
        ("XU", "down unknown", 1, "unknown"),
        ("XU", "down unknown", 2, "down"),
        ("HXU", "ok down unknown", 1, "warn"),
        ("HH", "unknown unknown", 1, "unknown"),  # nobody looked in time
    ],
)
def test_the_word_of_a_group(health, words, least, word):
    letters = {h.name[0]: h for h in Health if h is not Health.UNKNOWN}
    letters |= {"X": Health.UNHEALTHY, "U": Health.UNKNOWN}
    states = [State(health=letters[letter]) for letter in health]

    assert groups.group_word(states, words.split(), least) == word


@pytest.mark.parametrize(
    ("words", "least", "counted"),
    [
        ("ok down", 1, "ok warn"),
        ("warn down", 1, "warn warn"),
        ("ok down", 2, "ok down"),
        ("down down", 1, "down down"),
        ("down unknown", 1, "down unknown"),  # what is not known stands in for nobody
        ("down", 1, "down"),  # one alone was asked for
    ],
)
def test_how_one_look_at_a_group_counts(words, least, counted):
    assert groups.at_a_glance(words.split(), least) == counted.split()


rows = st.lists(st.text("+-~?x", min_size=3, max_size=3), max_size=25)


@given(rows, st.integers(1, 3))
def test_no_two_members_ever_restart_at_once(cycles, least):
    group = Together(3, least)
    for row in cycles:
        group.now += 5.0
        for number, letter in enumerate(row):
            for effect in group.one(number, letter):
                if isinstance(effect, RequestRestart):
                    for n, state in enumerate(group.states):
                        busy = groups.is_restarting(POLICY, state, group.now)
                        assert n == number or not busy


@given(rows, st.integers(1, 3))
def test_a_group_with_enough_well_members_never_pages_louder_than_a_warning(
    cycles, least
):
    group = Together(3, least)
    for row in cycles:
        group.now += 5.0
        for number, letter in enumerate(row):
            effects = group.one(number, letter)
            well = sum(
                s.health in {Health.HEALTHY, Health.FAILING} for s in group.states
            )
            for effect in effects:
                if isinstance(effect, Notify) and effect.kind in PAGES:
                    assert well < least or effect.severity is Severity.WARNING


@given(rows, st.integers(1, 3))
def test_while_too_few_are_well_whoever_is_down_is_told_as_loud_as_configured(
    cycles, least
):
    group = Together(3, least).go(*cycles, "---", "---", "---", "---", "---")

    assert all(state.severity is Severity.CRITICAL for state in group.states)
    assert all(state.told for state in group.states)
