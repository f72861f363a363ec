"""What people say about alerts and restarts: silence, acknowledge, by hand."""

from __future__ import annotations

import pytest
from core_notation import BAD, CALM, T0, Story, spell
from hypothesis import given
from hypothesis import strategies as st
from test_core_laws import policies, runs

from agent2.core import by_hand, silences
from agent2.core.effects import Notify, RequestRestart
from agent2.core.health import advance
from agent2.core.model import (
    ActionResult,
    AlertKind,
    Health,
    Judgement,
    Policy,
    RestartPolicy,
    Severity,
    TargetState,
    Verdict,
)
from agent2.core.quiet import LOUD, Quiet
from agent2.core.silences import Silence
from agent2.core.value import replace

HOUR = 3600.0
REMINDS = replace(CALM, reminders=(100.0,))
QUICK = RestartPolicy(intensity=1, period=1000.0, settle=10.0, proof=60.0, backoff=1.0)
REPAIRS = replace(CALM, restart=QUICK)


def silence(**changes):
    plain = Silence("s1", {"target": "web"}, T0, T0 + HOUR, "mia", "new disk", T0)
    return replace(plain, **changes)


# --- what a silence is ----------------------------------------------------------


@pytest.mark.parametrize(
    ("match", "target", "severity", "labels", "held"),
    [
        ({"target": "web"}, "web", "critical", {}, True),
        ({"target": "web"}, "web2", "critical", {}, False),
        ({"target": "web*"}, "web2", "warning", {}, True),
        ({"target": "*"}, "db", "info", {}, True),
        ({"severity": "warning"}, "db", "warning", {}, True),
        ({"severity": "warning"}, "db", "critical", {}, False),
        ({"label.team": "shop"}, "db", "error", {"team": "shop"}, True),
        ({"label.team": "shop"}, "db", "error", {"team": "ops"}, False),
        ({"label.team": "*"}, "db", "error", {}, False),
        ({"target": "db", "severity": "error"}, "db", "error", {}, True),
        ({"target": "db", "severity": "error"}, "db", "critical", {}, False),
        ({}, "db", "critical", {}, False),
    ],
)
def test_a_silence_holds_what_all_of_its_matchers_say(
    match, target, severity, labels, held
):
    given = silence(match=match)

    assert silences.matches(given, target, Severity(severity), labels) is held


@pytest.mark.parametrize(
    ("now", "active", "over"),
    [
        (-1.0, False, False),
        (0.0, True, False),
        (HOUR - 1, True, False),
        (HOUR, False, True),
    ],
)
def test_a_silence_holds_from_its_beginning_until_before_its_end(now, active, over):
    assert silences.is_active(silence(), T0 + now) is active
    assert silences.is_over(silence(), T0 + now) is over


def test_a_silence_ended_by_hand_is_over_and_is_not_ended_twice():
    once = silences.ended(silence(), "tom", T0 + 5.0)

    assert silences.is_over(once, T0 + 5.0)
    assert silences.ended(once, "eve", T0 + 6.0) is once


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"match": {}}, "match is empty"),
        ({"match": {"kind": "firing"}}, "match has kind"),
        ({"match": {"label.": "x"}}, "match has label."),
        ({"match": {"target": ""}}, "match.target is empty"),
        ({"match": {"severity": "loud"}}, "match.severity is none of critical"),
        ({"why": ""}, "why is missing"),
        ({"why": "a\nb"}, "cannot be printed"),
        ({"match": {"target": "x" * 256}}, "longer than 255"),
        ({"until": T0}, "until lies in the past"),
        ({"until": float("nan")}, "until lies in the past"),
        ({"starts_at": T0 + 2 * HOUR}, "before the beginning"),
        ({"until": T0 + 31 * 86_400.0}, "longer than 30 days"),
        ({}, None),
        ({"match": {"severity": "warning", "label.a": "*"}}, None),
        ({"until": T0 + 30 * 86_400.0}, None),
    ],
)
def test_what_is_no_silence_is_refused_in_words(changes, said):
    found = silences.refusal(silence(**changes))

    assert found is None if said is None else said in found


def test_of_several_silences_the_one_that_lasts_longest_is_named():
    short, long = silence(id="a"), silence(id="b", until=T0 + 2 * HOUR)
    over = silence(id="c", until=T0 + 9 * HOUR, ended_at=T0)
    kinds = (Severity.CRITICAL, Severity.WARNING)

    held = silences.silenced([short, long, over], "web", kinds, {}, T0 + 1.0)

    assert {each.id for each in held.values()} == {"b"}
    assert silences.next_change([short, long, over], T0 + 1.0) == T0 + HOUR
    assert silences.next_change([over], T0) is None


# --- what a silence does --------------------------------------------------------


def test_what_is_silent_from_begin_to_end_is_told_to_nobody():
    story = Story("+ss", CALM).go("m")

    assert story.told == [[], [], ["open", "withheld: off"], ["close"]]


def test_an_outage_that_outlives_its_silence_is_told_once_with_its_true_times():
    story = Story("+sss", CALM).go("--+")

    assert story.told[2:] == [
        ["open", "withheld: off"],
        [],
        ["tell: firing"],
        [],
        ["close", "tell: resolved"],
    ]
    firing = next(e for e in story.effects if isinstance(e, Notify))
    assert (firing.opened_at, firing.at) == (T0 + 5.0, T0 + 20.0)


def test_a_recovery_is_owed_in_a_silence_to_those_who_were_told_before_it():
    assert Story("+--ss", CALM).go("m").told[-1] == ["close", "tell: resolved"]


def test_a_silence_keeps_back_reminders_and_the_overdue_one_comes_at_its_end():
    story = Story("--", REMINDS)

    assert story.at(120.0, "s") == []
    assert story.at(130.0, "-") == ["tell: reminder"]
    assert story.at(135.0, "-") == []


def test_restarts_go_on_in_a_silence_and_a_spent_budget_is_told_after_it():
    story = Story("--", REPAIRS)
    assert story.told[-1] == ["open", "tell: firing", "restart"]

    assert story.at(200.0, "s") == ["proved: failed", "withheld: exhausted"]
    assert story.at(205.0, "s") == []
    assert story.at(210.0, "-") == ["tell: exhausted"]
    assert story.at(215.0, "-") == []


def test_a_warning_in_a_silence_is_open_and_is_told_after_it_if_it_lasts():
    story = Story("+ddd", CALM).go("~+")
    assert story.told[1:] == [
        ["warn"],
        ["open"],
        [],
        ["tell: degraded"],
        ["close", "tell: resolved"],
    ]
    assert Story("+ddd", CALM).go("+").told[-1] == ["close"]


def test_flapping_that_begins_in_a_silence_is_told_after_it():
    policy = replace(CALM, flapping=True, failure_threshold=9)
    story = Story("m" * 21 + "sm" * 6, policy)
    assert story.count("tell: flapping") == 0

    assert story.go("-").told[-1] == ["tell: flapping"]
    assert story.go("+" * 21).count("tell: resolved") == 1


def test_flapping_that_begins_and_ends_in_a_silence_is_never_told():
    policy = replace(CALM, flapping=True, failure_threshold=9)
    story = Story("m" * 21 + "sm" * 6 + "m" * 21 + "+", policy)

    assert [word for said in story.told for word in said] == []


@given(policies, st.lists(runs, min_size=1, max_size=12))
def test_nobody_is_told_less_than_once_about_an_outage_that_outlives_its_silence(
    policy, parts
):
    story, now = Story("", policy), T0
    for letter, gap in [cycle for part in parts for cycle in part]:
        now += gap
        story.cycle(letter, now)
    before = len(story.effects)
    for _ in range(3):  # the silence is over: whatever settled has had its time
        now += 500.0
        story.cycle("-", now)
    if story.state.incident is None:
        return  # its grace or threshold is not over

    told = {
        e.incident
        for e in story.effects
        if isinstance(e, Notify) and e.kind in {AlertKind.FIRING, AlertKind.FLAPPING}
    }
    assert {story.state.incident, story.state.flap} & told
    firing = [
        e.at
        for e in story.effects
        if isinstance(e, Notify)
        and e.kind is AlertKind.FIRING
        and e.incident == story.state.incident
    ]
    assert len(firing) <= 1
    assert before <= len(story.effects)


@given(policies, st.lists(runs, min_size=1, max_size=12))
def test_a_silence_changes_nothing_but_what_is_told(policy, parts):
    cycles = [cycle for part in parts for cycle in part]
    loud = [
        ({"s": "-", "a": "-", "m": "+", "d": "~"}.get(c, c), gap) for c, gap in cycles
    ]
    one, other, now = Story("", policy), Story("", policy), T0
    for (letter, gap), (plain, _) in zip(cycles, loud, strict=True):
        now += gap
        one.cycle(letter, now)
        other.cycle(plain, now)

    def done(story):
        return [e for e in story.effects if not isinstance(e, Notify)]

    assert one.path == other.path
    assert done(one) == done(other)


# --- acknowledge ------------------------------------------------------------------


def test_who_acknowledged_is_not_reminded_and_hears_of_the_end():
    story = Story("--", REMINDS)

    assert story.at(120.0, "a") == []
    assert story.at(125.0, "-") == ["tell: reminder"]
    assert story.at(999.0, "a") == []
    assert story.at(1001.0, "+") == ["close", "tell: resolved"]


def test_an_acknowledgement_does_not_hide_that_the_budget_is_spent():
    story = Story("--", REPAIRS)

    assert "tell: exhausted" in story.at(200.0, "a")


@given(policies, st.lists(runs, min_size=1, max_size=12))
def test_an_acknowledgement_never_hides_a_new_incident(policy, parts):
    cycles = [cycle for part in parts for cycle in part]
    one, other, now = Story("", policy), Story("", policy), T0
    for letter, gap in cycles:
        now += gap
        one.cycle(letter, now)
        other.cycle({"a": "-"}.get(letter, letter), now)

    def heard(story):
        return [
            (e.kind, e.incident, e.at)
            for e in story.effects
            if isinstance(e, Notify) and e.kind is not AlertKind.REMINDER
        ]

    assert heard(one) == heard(other)


# --- a restart by hand ----------------------------------------------------------


def _by_hand(story, identity="7:1", after=0.0):
    step = by_hand.restart(
        "web",
        story.policy,
        story.state,
        identity,
        story.now + after,
        "mia: new release",
    )
    story.state = step.state
    return step


def _good(story, after, identity, *, pending=False):
    story.now += after
    step = advance(
        "web",
        story.policy,
        story.state,
        Judgement(Verdict.GOOD, identity=identity),
        story.now,
        pending=pending,
    )
    story.state = step.state
    return [word for e in step.effects if (word := spell(e))]


def test_a_restart_by_hand_says_who_and_why_and_counts_in_the_budget():
    story = Story("++", REPAIRS)
    (wish,) = _by_hand(story).effects

    assert isinstance(wish, RequestRestart)
    assert (wish.incident, wish.by_hand) == ("", "mia: new release")
    assert len(story.state.restarts) == 1


def test_a_well_target_answers_on_until_it_is_restarted_and_that_proves_nothing():
    story = Story("++", REPAIRS)
    _by_hand(story)

    assert _good(story, 1.0, "7:1") == []
    assert _good(story, 1.0, "7:1", pending=True) == []
    assert story.cycle("x", story.now + 1.0) == []  # its death is what was asked for
    assert _good(story, 2.0, "8:2") == ["proved: success"]
    assert story.state.health is Health.HEALTHY
    assert story.state.action is None


def test_a_restart_by_hand_that_never_came_is_proved_failed_or_taken_back():
    story = Story("++", REPAIRS)
    _by_hand(story)
    assert _good(story, 61.0, "7:1") == ["proved: failed"]

    other = Story("++", REPAIRS)
    _by_hand(other)
    assert _good(other, 61.0, "7:1", pending=True) == ["withdraw"]
    assert other.state.restarts == ()


def test_who_cannot_be_told_apart_is_proved_after_its_time_to_settle():
    story = Story("++", REPAIRS)
    _by_hand(story, identity=None)

    assert _good(story, 9.0, None) == []
    assert _good(story, 2.0, None) == ["proved: success"]


def test_a_restart_by_hand_is_not_taken_back_by_a_pause_that_it_was_forced_over():
    story = Story("+--", replace(REPAIRS, restart=replace(QUICK, intensity=5)))
    _by_hand(story, after=100.0)

    assert story.cycle("b", story.now + 101.0) == []
    assert story.state.action is not None


def test_a_spent_budget_does_not_refuse_a_person():
    story = Story("--", REPAIRS)
    story.at(200.0, "-")
    assert story.state.exhausted_at is not None

    effects = _by_hand(story).effects
    assert any(isinstance(each, RequestRestart) for each in effects)


# --- the end of an incident by hand ----------------------------------------------


def test_an_incident_closed_by_hand_is_told_so_and_opens_anew_if_it_still_fails():
    story = Story("+--", CALM)
    old = story.state.incident
    step = by_hand.close(
        "web", CALM, story.state, old, story.now + 1.0, "mia: known", pending=False
    )
    story.state = step.state

    assert [spell(e) for e in step.effects] == ["close", "tell: resolved"]
    assert step.effects[-1].closed_by == "mia: known"
    assert story.state.incident is None
    assert story.go("-").told[-1] == ["open", "tell: firing", "withheld: off"]
    assert story.state.incident != old


def test_a_warning_closed_by_hand_is_told_to_those_who_knew_of_it():
    story = Story("+~~", CALM)
    warning = story.state.warning
    step = by_hand.close(
        "web", CALM, story.state, warning, story.now + 1.0, "mia: ok", pending=False
    )

    assert [spell(e) for e in step.effects] == ["close", "tell: resolved"]
    assert step.state.warning is None


def test_closing_takes_back_an_order_that_nobody_took_up():
    story = Story("+--", replace(REPAIRS, restart=replace(QUICK, intensity=5)))
    state = story.state
    assert state.action is not None

    step = by_hand.close(
        "web", REPAIRS, state, state.incident, story.now, "mia: x", pending=True
    )
    assert spell(step.effects[0]) == "withdraw"


def test_an_unknown_incident_closes_nothing():
    state = TargetState()

    assert (
        by_hand.close("web", Policy(), state, "?", T0, "", pending=False).state is state
    )


def test_quiet_is_loud_by_default():
    assert Quiet() == LOUD
    assert BAD.verdict is Verdict.BAD
    assert ActionResult.SUCCESS.value == "success"
