"""A target that is watched no more leaves nothing open, and keeps what it has spent."""

from __future__ import annotations

import pytest
from core_notation import CALM, T0, Story, spell

from agent2.core.effects import Notify, ResolveIncident, WithdrawRestart
from agent2.core.leaving import leave
from agent2.core.model import AlertKind, Health, Policy, Severity, TargetState
from agent2.core.value import replace

NOW = T0 + 1000.0
ALONE = Policy(flapping=False, reminders=())


def left(story: Story, *, pending: bool = False):
    step = leave("web", story.policy, story.state, NOW, pending=pending)
    return step, [spell(effect) for effect in step.effects]


@pytest.mark.parametrize("cycles", ["", "+", "+-", "?", "+-+"])
def test_one_that_nobody_was_told_of_leaves_without_a_word(cycles):
    step, said = left(Story(cycles, CALM))

    assert said == []
    assert step.state.health is Health.UNKNOWN
    assert step.state.failures == 0


def test_an_incident_is_closed_and_said_to_end_only_because_nobody_looks():
    story = Story("+--", CALM)
    incident = story.state.incident

    step, said = left(story)

    assert said == ["close", "tell: resolved"]
    closed, told = step.effects
    assert closed == ResolveIncident(incident, "web", NOW)
    assert (told.incident, told.unwatched, told.at) == (incident, True, NOW)
    assert told.opened_at == T0 + 5.0
    assert step.state.incident is None
    assert not step.state.told


def test_an_incident_that_was_told_to_nobody_is_closed_in_silence():
    _, said = left(Story("+==", CALM))

    assert said == ["close"]


def test_an_order_that_nobody_took_up_is_taken_back_and_costs_nothing():
    story = Story("+--", ALONE)
    action = story.state.action

    step, said = left(story, pending=True)

    assert said == ["withdraw", "close", "tell: resolved"]
    assert step.effects[0] == WithdrawRestart(action, "web", story.state.incident, NOW)
    assert (step.state.action, step.state.restarts) == (None, ())
    assert step.state.attempts == 0


def test_an_order_that_was_taken_up_stays_spent():
    story = Story("+--", ALONE)

    step, said = left(story)

    assert said == ["close", "tell: resolved"]
    assert step.state.restarts == story.state.restarts != ()
    assert (step.state.action, step.state.attempts) == (None, 1)


def test_without_an_order_of_its_own_nothing_is_taken_back():
    _, said = left(Story("+--", CALM), pending=True)

    assert said == ["close", "tell: resolved"]


def test_a_warning_is_closed_too():
    story = Story("+~~", CALM)

    step, said = left(story)

    assert said == ["close", "tell: resolved"]
    assert step.effects[1].severity is Severity.WARNING
    assert step.effects[1].unwatched
    assert (step.state.warning, step.state.degraded, step.state.slow_count) == (
        None,
        False,
        0,
    )


def test_a_flapping_is_closed_too():
    restless = replace(TargetState(), flap="web@1~flapping", flap_at=T0, ring=1)
    story = Story("", Policy(), state=restless)

    step, _ = left(story)

    (told,) = step.effects
    assert isinstance(told, Notify)
    assert (told.kind, told.incident) == (AlertKind.RESOLVED, "web@1~flapping")
    assert (told.opened_at, told.detail, told.unwatched) == (T0, "6%", True)
    assert (step.state.flap, step.state.seen) == (None, 0)


def test_who_comes_back_begins_anew_with_the_budget_that_is_left():
    story = Story("+-------", ALONE)
    spent = story.state.restarts
    step, _ = left(story)

    back = Story("--", ALONE, state=step.state, start=NOW + 5.0)

    assert back.path == "fX"
    assert back.state.restarts[: len(spent)] == spent
    assert back.told[-1][:2] == ["open", "tell: firing"]


def test_leaving_twice_says_nothing_twice():
    step, _ = left(Story("+--", ALONE))

    assert leave("web", ALONE, step.state, NOW, pending=True).effects == ()
