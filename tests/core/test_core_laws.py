"""What holds in every story, whatever happens in it.

Times are whole seconds: a law about thresholds should not fail on 5e-324.
"""

from __future__ import annotations

from itertools import cycle, pairwise

import pytest
from core_notation import SAID, T0, Story
from hypothesis import example, given
from hypothesis import strategies as st

from agent2.core.calm import is_calm
from agent2.core.effects import (
    Notify,
    OpenIncident,
    Prove,
    Record,
    RequestRestart,
    ResolveIncident,
    Step,
    Warn,
    WithdrawRestart,
    Withhold,
)
from agent2.core.health import advance, move
from agent2.core.model import (
    AlertKind,
    Health,
    Judgement,
    Policy,
    RestartPolicy,
    Verdict,
)
from agent2.core.value import as_dict, replace

small = st.integers(0, 120)
restart_policies = st.builds(
    RestartPolicy,
    enabled=st.sampled_from([True, True, True, False]),
    intensity=st.integers(0, 4),
    period=st.integers(1, 400),
    settle=small,
    proof=small,
    backoff=st.integers(1, 60),
    backoff_max=st.integers(1, 90),
    rearm=small,
    half_open=st.integers(1, 400),
)
policies = st.builds(
    Policy,
    failure_threshold=st.integers(1, 4),
    success_threshold=st.integers(1, 3),
    start_grace=st.sampled_from([0, 0, 30]),
    trip_on_exit=st.booleans(),
    flapping=st.booleans(),
    reminders=st.lists(st.integers(1, 300), max_size=3).map(tuple),
    restart=restart_policies,
)
# Long runs of one letter reach what single letters seldom do: spent budgets, reminders.
runs = st.builds(
    lambda letter, times, gap: [(letter, gap)] * times,
    st.sampled_from("+-~?xow=^pbgsmda"),
    st.sampled_from([1, 1, 1, 2, 3, 8, 25]),
    st.integers(1, 90),
)
stories = st.lists(runs, min_size=1, max_size=12).map(
    lambda parts: [cycle for part in parts for cycle in part]
)
identities = st.sampled_from([None, "7:1", "8:2"])


def live(policy, cycles, start=T0):
    story, now = Story("", policy), start
    for letter, gap in cycles:
        now += gap
        story.cycle(letter, now)
    return story


@given(policies, stories)
def test_an_incident_is_open_exactly_while_unhealthy_or_recovering(policy, cycles):
    story, now = Story("", policy), T0
    for letter, gap in cycles:
        now += gap
        story.cycle(letter, now)

        down = story.state.health in {Health.UNHEALTHY, Health.RECOVERING}
        assert (story.state.incident is not None) is down


@given(policies, stories)
def test_incidents_open_and_close_in_turn_each_once(policy, cycles):
    warnings, outages = [], []
    for effect in live(policy, cycles).effects:
        if isinstance(effect, OpenIncident):
            kind = warnings if effect.severity.value == "warning" else outages
            assert not kind or kind[-1] is None
            kind.append(effect.incident)
        elif isinstance(effect, ResolveIncident):
            kind = warnings if warnings[-1:] == [effect.incident] else outages
            assert kind[-1] == effect.incident
            kind.append(None)

    opened = [name for name in warnings + outages if name is not None]
    assert len(opened) == len(set(opened))


@given(policies, stories)
@example(Policy(failure_threshold=1), [("=", 1), ("+", 1)])  # nobody was told: seldom
def test_a_recovery_is_told_exactly_to_those_who_were_told_of_the_failure(
    policy, cycles
):
    begins = {AlertKind.FIRING, AlertKind.DEGRADED, AlertKind.FLAPPING}
    told, ended = set(), set()
    story = live(policy, cycles)
    for effect in story.effects:
        if not isinstance(effect, Notify):
            continue
        if effect.kind in begins:
            assert effect.incident not in told
            told.add(effect.incident)
            continue
        assert effect.incident in told - ended
        if effect.kind is AlertKind.RESOLVED:
            ended.add(effect.incident)

    state = story.state
    open_now = {
        None if state.warning_owed else state.warning,
        None if state.flap_owed else state.flap,
        state.incident if state.told else None,
    }
    assert told - ended == open_now - {None}


@given(policies, stories)
def test_every_outage_is_told_unless_flapping_hides_it(policy, cycles):
    story, now = Story("", policy), T0
    for letter, gap in cycles:
        now += gap
        story.cycle(letter, now)

        hidden = story.state.incident is not None and not story.state.told
        assert not (hidden and story.state.flap is None and letter in "-xopba") or (
            story.told[-1] == []  # a settling cycle says nothing at all
        )


@given(policies, stories)
def test_restarts_keep_to_their_budget_but_for_the_half_open_tries(policy, cycles):
    asked, withdrawn, spent = {}, set(), set()
    for effect in live(policy, cycles).effects:
        if isinstance(effect, RequestRestart):
            asked[effect.action] = (effect.at, effect.incident in spent)
        elif isinstance(effect, WithdrawRestart):
            withdrawn.add(effect.action)
        elif isinstance(effect, Withhold) and effect.why == "exhausted":
            spent.add(effect.incident)

    kept = [asked[action] for action in asked if action not in withdrawn]
    limit = policy.restart
    for at, half_open in kept:
        if half_open:
            earlier = [other for other, _ in kept if other < at]
            assert not earlier or at - earlier[-1] >= limit.half_open
        else:
            window = [o for o, _ in kept if at - limit.period < o <= at]
            assert len(window) <= limit.intensity
    for (first, _), (second, _) in pairwise(kept):
        assert second - first >= min(limit.settle, limit.half_open)
    assert limit.enabled or not asked


@given(policies, stories)
def test_a_restart_is_asked_for_only_of_an_open_incident_and_one_at_a_time(
    policy, cycles
):
    incident, owed = None, None
    for effect in live(policy, cycles).effects:
        match effect:
            case OpenIncident(incident=opened, severity=severity):
                incident = incident if severity.value == "warning" else opened
            case RequestRestart(action=action, incident=named):
                assert named == incident
                assert owed is None
                owed = action
            case Prove(action=action) | WithdrawRestart(action=action):
                assert action == owed
                owed = None
            case ResolveIncident(incident=closed) if closed == incident:
                assert owed is None
                incident = None


@given(policies, stories)
def test_no_restart_is_asked_for_and_no_order_left_lying_in_a_pause(policy, cycles):
    story, now = Story("", policy), T0
    for letter, gap in cycles:
        now += gap
        story.cycle(letter, now)

        assert letter not in "pbg" or "restart" not in story.told[-1]
        assert letter != "b" or story.state.action is None


@given(policies, stories)
def test_a_pause_stops_restarts_and_nothing_else(policy, cycles):
    """All of it is as if automatic repair were off, but for the word."""
    given = replace(policy.restart, enabled=True)
    paused = [(dict.fromkeys("-xosa", "p").get(c, c), gap) for c, gap in cycles]
    unpaused = [("-" if c in "pb" else c, gap) for c, gap in paused]
    off = replace(policy, restart=replace(given, enabled=False))

    one = live(replace(policy, restart=given), paused)
    other = live(off, unpaused)

    def plain(story):
        return [e for e in story.effects if not isinstance(e, Withhold)]

    assert plain(one) == plain(other)
    assert one.path == other.path
    assert replace(one.state, withheld="") == replace(other.state, withheld="")
    assert [e.why for e in one.effects if isinstance(e, Withhold)] == [
        "paused" for e in other.effects if isinstance(e, Withhold)
    ]


@given(policies, stories)
def test_a_pause_hides_no_outage_and_no_recovery(policy, cycles):
    told = {AlertKind.FIRING, AlertKind.RESOLVED}
    policy = replace(policy, flapping=False)
    # Silences have laws of their own: when one ends while a restart settles, a pause
    # that takes the restart back lets people be told at once, and not after it.
    cycles = [({"s": "-", "m": "+", "d": "~"}.get(c, c), gap) for c, gap in cycles]
    free = [({"p": "-", "b": "o", "g": "+"}.get(c, c), gap) for c, gap in cycles]

    def outages(story):
        return [
            e
            for e in story.effects
            if isinstance(e, OpenIncident | ResolveIncident)
            or (isinstance(e, Notify) and e.kind in told)
        ]

    assert outages(live(policy, cycles)) == outages(live(policy, free))


@given(policies, stories)
def test_exhaustion_is_told_at_most_once_in_an_incident(policy, cycles):
    told = [
        e.incident
        for e in live(policy, cycles).effects
        if isinstance(e, Notify) and e.kind is AlertKind.EXHAUSTED
    ]

    assert len(told) == len(set(told))


@given(policies, stories)
def test_reminders_are_numbered_and_keep_their_gaps(policy, cycles):
    last = {}
    for effect in live(policy, cycles).effects:
        if not isinstance(effect, Notify):
            continue
        if effect.kind is AlertKind.FIRING:
            last[effect.incident] = (0, effect.at)
        elif effect.kind is AlertKind.REMINDER:
            count, at = last[effect.incident]
            gaps = policy.reminders
            assert effect.count == count + 1
            assert effect.at - at >= gaps[min(count, len(gaps) - 1)]
            last[effect.incident] = (effect.count, effect.at)


@given(policies, stories)
def test_an_unknown_cycle_changes_nothing(policy, cycles):
    story = live(policy, cycles)

    step = advance("web", policy, story.state, SAID["?"], story.now + 1, died=True)

    assert step.state is story.state
    assert step.effects == ()


@given(policies, stories)
def test_without_its_unknown_cycles_a_story_is_the_same(policy, cycles):
    whole, now, known = live(policy, cycles), T0, Story("", policy)
    for letter, gap in cycles:
        now += gap
        if letter != "?":
            known.cycle(letter, now)

    assert (known.state, known.effects) == (whole.state, whole.effects)


@given(policies, stories)
def test_failures_is_zero_exactly_when_the_last_counted_cycle_was_good(policy, cycles):
    story, now, last_good = Story("", policy), T0, True
    for letter, gap in cycles:
        now += gap
        before = story.state
        story.cycle(letter, now)
        if letter in "+~w^gmd":
            last_good = True
        elif story.state.failures != before.failures:
            assert story.state.failures == before.failures + 1
            last_good = False

        assert (story.state.failures == 0) is last_good


@given(policies, stories)
def test_a_replay_is_identical(policy, cycles):
    first, second = live(policy, cycles), live(policy, cycles)

    assert (first.state, first.effects) == (second.state, second.effects)


@given(policies, stories, st.integers(-900_000, 10**9))
def test_a_shifted_clock_tells_the_same_story(policy, cycles, shift):
    here, there = live(policy, cycles), live(policy, cycles, T0 + shift)

    assert here.path == there.path
    assert [shifted(e, shift) for e in here.effects] == [
        shifted(e, 0) for e in there.effects
    ]


TIMES = {"at", "opened_at"}
NAMES = {"incident", "action"}


def shifted(effect, by):
    """An effect with its times and the times in its ids moved *by* seconds."""
    fields = as_dict(effect)
    for name in TIMES & fields.keys():
        fields[name] += by
    for name in NAMES & fields.keys():
        fields[name] = moved_id(fields[name], by)
    return type(effect), fields


def moved_id(name, by):
    mark = "@" if "@" in name else "#"
    head, _, tail = name.partition(mark)
    time, tilde, rest = tail.partition("~")
    return f"{head}{mark}{float(time) + by:.3f}{tilde}{rest}"


@given(policies, stories, st.integers(0, 10**6), st.booleans(), st.booleans())
def test_the_shortcut_of_a_calm_target_is_the_long_way(
    policy, cycles, gap, died, pending
):
    story = live(policy, [*cycles, *[("+", 5)] * 25])
    good = Judgement(Verdict.GOOD, response_s=0.01, identity="7:1")
    now = T0 + sum(gap for _, gap in cycles) + 125 + gap

    if is_calm(policy, story.state):
        long = move("t", policy, story.state, good, now, died, pending, False)
        assert long == Step(story.state)


def test_a_target_that_was_well_for_a_while_is_calm():
    for policy in (Policy(), Policy(flapping=False, success_threshold=3)):
        assert is_calm(policy, live(policy, [("+", 5)] * 21).state)
        assert not is_calm(policy, live(policy, [("+", 5)] * 2).state)
        assert not is_calm(policy, live(policy, [("+", 5)] * 30 + [("o", 5)]).state)
        ill = live(policy, [("+", 5)] * 30 + [("-", 5)] * 3).state
        assert not is_calm(policy, ill)


@given(policies, stories)
def test_nothing_is_done_while_nothing_is_wrong(policy, cycles):
    calm = [(letter, gap) for letter, gap in cycles if letter in "+?"]
    story = live(policy, calm)

    assert [type(e) for e in story.effects] in ([], [Record])


@given(policies, stories)
def test_a_degraded_target_is_warned_of_and_never_restarted(policy, cycles):
    tired = [(letter, gap) for letter, gap in cycles if letter in "+~?"]
    kinds = {type(e) for e in live(policy, tired).effects}

    assert kinds <= {Record, Warn, OpenIncident, ResolveIncident, Notify}


@given(policies, stories)
def test_each_change_of_health_is_recorded_once_and_they_form_a_chain(policy, cycles):
    story = live(policy, cycles)
    records = [e for e in story.effects if isinstance(e, Record)]

    healths = [Health.UNKNOWN, *(r.new for r in records)]
    assert [r.old for r in records] == healths[:-1]
    assert healths[-1] is story.state.health
    assert all(old is not new for old, new in pairwise(healths))
    assert Health.UNKNOWN not in healths[1:]
    if records:
        assert story.state.since == records[-1].at


@given(policies, stories)
def test_no_two_effects_of_a_story_share_their_identity(policy, cycles):
    effects = live(policy, cycles).effects
    actions = [e.action for e in effects if isinstance(e, RequestRestart | Warn)]
    alerts = [(e.incident, e.kind, e.count) for e in effects if isinstance(e, Notify)]

    assert len(actions) == len(set(actions))
    assert len(alerts) == len(set(alerts))


@given(policies, stories, st.lists(identities, min_size=1, max_size=9))
def test_a_restart_is_a_success_only_with_another_identity(policy, cycles, names):
    story, now, asked_of = Story("", policy), T0, None
    for (letter, gap), name in zip(cycles, cycle(names), strict=False):
        now += gap
        judgement = replace(SAID[letter], identity=name)
        before = len(story.effects)
        story.cycle(letter, now, judgement)
        for effect in story.effects[before:]:
            if isinstance(effect, RequestRestart):
                asked_of = name
            if isinstance(effect, Prove) and effect.result.value == "success":
                assert judgement.verdict in {Verdict.GOOD, Verdict.DEGRADED}
                assert asked_of is None or name != asked_of


@pytest.mark.parametrize("kind", [Record, OpenIncident, RequestRestart, Notify])
def test_the_stories_are_rich_enough_to_mean_something(kind):
    """The laws above would hold of empty stories too."""
    policy = Policy(restart=RestartPolicy(settle=1, backoff=1, backoff_max=1))
    story = live(policy, [("-", 5)] * 30 + [("+", 5)] * 30)

    assert any(isinstance(e, kind) for e in story.effects)
