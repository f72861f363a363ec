"""What happens to one target, told in the smallest notation (core_notation.py)."""

from __future__ import annotations

import pytest
from core_notation import BAD, CALM, T0, Story

from agent2.core.effects import (
    Notify,
    OpenIncident,
    Prove,
    Record,
    RequestRestart,
    ResolveIncident,
    Warn,
    WithdrawRestart,
    Withhold,
)
from agent2.core.health import advance
from agent2.core.model import (
    ActionResult,
    AlertKind,
    Code,
    Facet,
    Health,
    Judgement,
    Policy,
    RestartPolicy,
    Severity,
    TargetState,
    Verdict,
)
from agent2.core.policies import Ruling
from agent2.core.value import replace

# One restart at once, no spread to think of: a gap is as long as the settle time.
QUICK = RestartPolicy(
    intensity=3,
    period=1000.0,
    settle=10.0,
    proof=60.0,
    backoff=1.0,
    backoff_max=1.0,
    half_open=500.0,
)
FIXES = replace(CALM, restart=QUICK)


def _bad(identity=None):
    return replace(BAD, identity=identity)


def _good(identity=None):
    return Judgement(Verdict.GOOD, identity=identity)


# --- thresholds ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("cycles", "path"),
    [
        ("+", "h"),
        ("-", "f"),
        ("?", "u"),
        ("~", "h"),
        ("-+-+", "fhfh"),
        ("--", "fX"),
        ("?-?-", "uffX"),
        ("--?+", "fXXh"),
        ("+--+--+", "hfXhfXh"),
        ("-~-~", "fhfh"),
        ("--~", "fXh"),
        ("+???+", "hhhhh"),
        ("???", "uuu"),
    ],
)
def test_two_bad_cycles_in_a_row_are_an_outage_and_one_good_one_ends_it(cycles, path):
    assert Story(cycles).path == path


@pytest.mark.parametrize(
    ("cycles", "path"),
    [
        ("--+++", "fXrrh"),
        ("--++-+++", "fXrrXrrh"),
        ("--+?+?+", "fXrrrrh"),
        ("--~+~", "fXrrh"),
        ("-+-+", "fhfh"),
        ("+-", "hf"),
    ],
)
def test_with_three_successes_an_outage_ends_after_three_good_cycles_in_a_row(
    cycles, path
):
    story = Story(cycles, replace(CALM, success_threshold=3))

    assert story.path == path
    assert story.count("open") <= 1


def test_each_change_of_health_is_recorded_first_with_its_reason():
    story = Story("+-")
    story.cycle("-", T0 + 100)

    records = [e for e in story.effects if type(e) is Record]
    assert [(r.old, r.new, r.at) for r in records] == [
        (Health.UNKNOWN, Health.HEALTHY, T0),
        (Health.HEALTHY, Health.FAILING, T0 + 5),
        (Health.FAILING, Health.UNHEALTHY, T0 + 100),
    ]
    assert records[2] == Record(
        "web",
        Health.FAILING,
        Health.UNHEALTHY,
        T0 + 100,
        Facet.PROCESS,
        Code.PID_DEAD,
        "pid 7 is gone",
    )
    assert type(story.effects[2]) is Record
    assert story.state.since == T0 + 100


def test_since_stays_while_health_stays():
    assert Story("+++").state.since == T0
    assert Story("-----").state.since == T0 + 5


def test_the_first_look_is_remembered_and_an_unknown_one_is_none():
    assert Story("???").state.first_seen is None
    assert Story("??+++").state.first_seen == T0 + 10


def test_an_unknown_cycle_is_as_if_it_had_not_been():
    story = Story("+~-x")
    before = story.state

    assert story.go("????").state is before
    assert story.told[-4:] == [[], [], [], []]


# --- incidents and alerts -----------------------------------------------------


def test_an_outage_is_told_once_and_its_recovery_once():
    story = Story("+-----+++")

    assert [words for words in story.told if words] == [
        ["open", "tell: firing", "withheld: off"],
        ["close", "tell: resolved"],
    ]


def test_an_incident_is_named_after_its_target_and_its_beginning():
    story = Story("-----+")
    named = f"web@{T0 + 5:.3f}"

    opened = story.last(OpenIncident)
    assert Story("-----").state.incident_at == opened.at
    assert opened == OpenIncident(
        named,
        "web",
        Severity.CRITICAL,
        T0 + 5,
        Facet.PROCESS,
        Code.PID_DEAD,
        "pid 7 is gone",
    )
    assert story.last(ResolveIncident) == ResolveIncident(named, "web", T0 + 25)


def test_both_alerts_of_an_incident_say_what_was_wrong_and_since_when():
    firing, resolved = (e for e in Story("---+").effects if type(e) is Notify)

    assert firing == Notify(
        AlertKind.FIRING,
        "web",
        f"web@{T0 + 5:.3f}",
        Severity.CRITICAL,
        T0 + 5,
        T0,  # the outage began with the first failure, not with the threshold
        Facet.PROCESS,
        Code.PID_DEAD,
        "pid 7 is gone",
    )
    assert resolved == replace(firing, kind=AlertKind.RESOLVED, at=T0 + 15)


def test_a_recovery_in_steps_still_says_what_was_wrong():
    story = Story("--", replace(CALM, success_threshold=2))
    story.cycle("+", T0 + 10, replace(_good(), detail="all is well"))

    assert story.state.code is Code.PID_DEAD
    story.cycle("+", T0 + 15, replace(_good(), detail="all is well"))
    assert story.last(Notify).code is Code.PID_DEAD
    assert story.last(Notify).facet is Facet.PROCESS
    assert (story.state.code, story.state.detail) == (Code.OK, "all is well")


def test_the_state_says_what_was_seen_last():
    story = Story("~")
    assert (story.state.facet, story.state.code, story.state.detail) == (
        Facet.HEALTH,
        Code.SLOW,
        "slow",
    )
    story.go("-")
    assert (story.state.facet, story.state.code, story.state.detail) == (
        Facet.PROCESS,
        Code.PID_DEAD,
        "pid 7 is gone",
    )
    story.go("+")
    assert (story.state.facet, story.state.code, story.state.detail) == (
        Facet.HEALTH,
        Code.OK,
        "",
    )


def test_two_outages_are_two_incidents():
    story = Story("--+--+")

    opened = [e.incident for e in story.effects if type(e) is OpenIncident]
    closed = [e.incident for e in story.effects if type(e) is ResolveIncident]
    assert len(set(opened)) == 2
    assert closed == opened


def test_a_relapse_while_recovering_is_the_same_incident_and_not_told_again():
    story = Story("--+-+-++", replace(CALM, success_threshold=2))

    assert story.path == "fXrXrXrh"
    assert story.count("tell: firing") == story.count("tell: resolved") == 1


def test_a_recovery_before_the_threshold_is_told_to_nobody():
    story = Story("-+" * 5)

    assert story.told == [[]] * 10


# --- restarts -----------------------------------------------------------------


def test_an_outage_asks_for_a_restart_at_once_and_says_why():
    story = Story("--", FIXES)

    assert story.told[1] == ["open", "tell: firing", "restart"]
    assert story.last(RequestRestart) == RequestRestart(
        f"web#{T0 + 5:.3f}",
        "web",
        f"web@{T0 + 5:.3f}",
        1,
        T0 + 5,
        Facet.PROCESS,
        Code.PID_DEAD,
        "pid 7 is gone",
    )


def test_the_counter_is_not_reset_by_our_own_action():
    """Kubernetes did (kubernetes#53530): a container that never came up was
    restarted for ever without passing its own threshold again."""
    story = Story("--", FIXES)
    assert story.state.failures == 2

    story.at(16, "-")
    story.at(27, "-")

    assert story.count("restart") == 3
    assert story.state.failures == 4
    assert story.path == "fXXX"


def test_while_a_restart_settles_nothing_bad_is_counted():
    story = Story("--", FIXES)
    settling = story.state

    assert story.at(10, "-") == story.at(14.999, "x") == []
    assert story.state == settling

    assert story.at(15, "-") == ["proved: failed", "restart"]
    assert story.state.failures == 3


def test_the_first_good_cycle_ends_the_settling():
    story = Story("--", FIXES)

    assert story.at(6, "+") == ["proved: success", "close", "tell: resolved"]
    assert story.state.hold_until == 0.0

    assert story.at(7, "-") == []
    assert story.path[-1] == "f"


def test_a_degraded_cycle_ends_the_settling_too():
    story = Story("--~", FIXES)

    assert story.path == "fXh"
    assert story.told[2] == ["proved: success", "close", "tell: resolved", "warn"]


def test_in_a_pause_the_outage_is_told_and_no_restart_is_asked_for():
    story = Story("-ppp", FIXES)

    assert story.told[1:] == [["open", "tell: firing", "withheld: paused"], [], []]
    assert story.last(Withhold) == Withhold(
        "web",
        f"web@{T0 + 5:.3f}",
        T0 + 5,
        "paused",
        Ruling.PAUSE,
        "Manual test (mia)",
    )
    assert story.state.restarts == ()
    assert story.go("g").told[-1] == ["close", "tell: resolved"]
    assert story.state.withheld == ""


def test_when_the_pause_ends_the_restart_is_asked_for_at_once():
    assert Story("-pp-", FIXES).told[-1] == ["restart"]


def test_each_pause_of_an_incident_is_said_once():
    story = Story("-pp-", FIXES)

    assert story.at(30, "p") == ["withheld: paused"]
    assert story.at(35, "p") == []
    assert story.count("withheld: paused") == 2


def test_a_pause_takes_back_the_order_that_nobody_took_up_even_while_it_settles():
    story = Story("--", FIXES)
    assert story.at(6, "b") == ["withdraw", "withheld: paused"]
    assert story.state.restarts == ()
    assert (story.state.attempts, story.state.action) == (0, None)

    assert story.at(7, "-") == ["restart"]


def test_a_pause_that_finds_a_spent_budget_does_not_spend_it_again():
    policy = replace(FIXES, restart=replace(QUICK, intensity=1, proof=0.0))
    story = Story("--", policy)
    assert "tell: exhausted" in story.at(20, "-")
    spent = story.state.exhausted_at

    assert story.at(30, "p") == ["withheld: paused"]
    assert story.at(40, "-") == ["withheld: exhausted"]
    assert story.state.exhausted_at == spent
    assert story.count("tell: exhausted") == 1


def test_where_repair_is_off_a_pause_has_nothing_to_say():
    assert Story("-p").told[1] == ["open", "tell: firing", "withheld: off"]


def test_a_restart_helped_when_somebody_else_is_there_now():
    story = Story("-", FIXES)
    story.cycle("-", T0 + 5, _bad("7:100"))
    story.cycle("+", T0 + 20, _good("8:200"))

    assert story.last(Prove) == Prove(
        f"web#{T0 + 5:.3f}", "web", ActionResult.SUCCESS, T0 + 20
    )
    assert story.state.action is None


@pytest.mark.parametrize(
    ("before", "after", "result"),
    [
        ("7:100", "8:200", ActionResult.SUCCESS),
        ("7:100", "7:200", ActionResult.SUCCESS),
        ("7:100", "7:100", ActionResult.FAILED),
        (None, "7:100", ActionResult.SUCCESS),
        ("7:100", None, ActionResult.SUCCESS),
        (None, None, ActionResult.SUCCESS),
    ],
)
def test_the_same_identity_after_a_restart_is_no_success(before, after, result):
    story = Story("-", FIXES)
    story.cycle("-", T0 + 5, _bad(before))
    story.cycle("+", T0 + 20, _good(after))

    assert story.last(Prove).result is result
    assert story.path == "fXh"


def test_a_restart_is_proved_once_the_target_is_healthy_and_not_while_it_recovers():
    story = Story("--++", replace(FIXES, success_threshold=2))

    assert story.told[2:] == [[], ["proved: success", "close", "tell: resolved"]]


def test_a_restart_that_did_not_help_in_its_time_failed_even_if_none_follows():
    policy = replace(FIXES, restart=replace(QUICK, intensity=1))
    story = Story("--", policy)

    assert story.at(5 + 59.9, "-") == []
    assert story.at(5 + 60, "-") == [
        "proved: failed",
        "withheld: exhausted",
        "tell: exhausted",
    ]
    assert story.last(Prove) == Prove(
        f"web#{T0 + 5:.3f}", "web", ActionResult.FAILED, T0 + 65
    )
    assert story.at(5 + 70, "-") == []


def test_the_next_request_says_that_the_last_one_failed():
    story = Story("--", FIXES)
    story.at(15, "-")

    failed, asked = story.effects[-2:]
    assert failed == Prove(f"web#{T0 + 5:.3f}", "web", ActionResult.FAILED, T0 + 15)
    assert (asked.action, asked.attempt) == (f"web#{T0 + 15:.3f}", 2)


def test_while_an_order_lies_there_no_other_is_made():
    story = Story("--", FIXES)
    for after in range(10, 2000, 5):
        story.at(after, "o")

    assert story.count("restart") == 1
    assert story.count("tell: exhausted") == story.count("proved: failed") == 0
    assert story.path[-1] == "X"


def test_a_restart_settles_from_when_its_order_was_taken_up():
    story = Story("--", FIXES)
    for after in (20, 100, 200, 300):
        story.at(after, "o")

    assert story.at(305, "-") == story.at(309, "-") == []
    assert story.at(310, "-") == ["proved: failed", "restart"]


def test_only_the_time_of_the_last_restart_moves_while_its_order_lies_there():
    story = Story("--", FIXES)
    story.at(20, "-")
    story.at(300, "o")

    assert story.state.restarts == (T0 + 5, T0 + 300)


def test_a_late_order_has_its_whole_time_for_its_proof():
    story = Story("--", replace(FIXES, restart=replace(QUICK, intensity=1)))
    story.at(300, "o")

    assert story.at(359, "-") == []
    assert story.at(360, "-")[0] == "proved: failed"


def test_an_order_that_is_not_ours_holds_ours_back_and_changes_nothing():
    story = Story("-", FIXES)
    story.go("ooo")

    assert story.count("restart") == 0
    assert story.state.restarts == ()
    assert story.told[1] == ["open", "tell: firing"]
    assert story.go("-").told[-1] == ["restart"]


def test_a_recovery_withdraws_the_order_that_nobody_took_up_and_refunds_it():
    story = Story("--", FIXES)
    story.at(10, "w")

    assert story.told[-1] == ["withdraw", "close", "tell: resolved"]
    assert story.last(WithdrawRestart) == WithdrawRestart(
        f"web#{T0 + 5:.3f}", "web", f"web@{T0 + 5:.3f}", T0 + 10
    )
    assert (story.state.restarts, story.state.attempts) == ((), 0)
    assert story.state.action is None


def test_only_the_withdrawn_order_is_refunded():
    story = Story("--", FIXES)
    story.at(20, "-")
    story.at(25, "w")

    assert (story.state.restarts, story.state.attempts) == ((T0 + 5,), 1)


def test_the_first_good_cycle_withdraws_even_while_recovering():
    story = Story("--w", replace(FIXES, success_threshold=2))

    assert story.told[2] == ["withdraw"]
    assert story.path == "fXr"


def test_an_order_that_was_taken_up_or_is_not_ours_is_not_withdrawn():
    assert Story("--+", FIXES).count("withdraw") == 0
    assert Story("w", FIXES).told == [[]]
    assert Story("oow", replace(FIXES, failure_threshold=9)).count("withdraw") == 0


def test_without_remediation_incidents_and_alerts_go_on_and_this_is_said_once():
    story = Story("------+--+")

    assert story.count("restart") == 0
    assert story.count("withheld: off") == 2
    assert story.count("tell: firing") == story.count("tell: resolved") == 2
    withheld = [e for e in story.effects if type(e) is Withhold]
    assert withheld[0] == Withhold("web", f"web@{T0 + 5:.3f}", T0 + 5, "off")


def test_a_spent_budget_is_told_once_and_opens_by_half():
    story = Story("--", FIXES)
    for after in range(10, 2000, 5):
        story.at(after, "-")

    assert story.count("tell: exhausted") == story.count("withheld: exhausted") == 1
    asked = [e.at - T0 for e in story.effects if type(e) is RequestRestart]
    # Three by the budget, then the last one's proof, then one each half_open.
    assert asked == [5, 15, 25, 585, 1085, 1585]
    told = next(
        e for e in story.effects if type(e) is Notify and e.kind is AlertKind.EXHAUSTED
    )
    assert (told.at, told.opened_at) == (T0 + 85, T0)
    assert told.count == 0


def test_a_recovery_from_a_half_open_try_is_a_recovery():
    story = Story("--", FIXES)
    for after in range(10, 600, 5):
        story.at(after, "-")

    assert story.at(600, "+") == ["proved: success", "close", "tell: resolved"]
    assert story.state.exhausted_at is None
    assert story.state.withheld == ""


def test_a_new_outage_with_a_spent_budget_is_told_anew():
    story = Story("--", FIXES)
    for after in (15, 25):
        story.at(after, "-")
    story.at(40, "+")
    story.at(45, "-")
    assert story.at(50, "-") == [
        "open",
        "tell: firing",
        "withheld: exhausted",
        "tell: exhausted",
    ]


def test_switching_remediation_on_again_restarts():
    story = Story("---", CALM)
    story.policy = FIXES

    assert story.go("-").told[-1] == ["restart"]


def test_restarts_outside_the_period_are_forgotten():
    story = Story("--", FIXES)
    story.at(10, "+")
    story.at(1004, "-")
    story.at(1005, "-")

    assert story.state.restarts == (T0 + 1005,)


def test_a_plain_cycle_knows_of_no_death_no_order_and_no_failing_dependency():
    policy = replace(FIXES, failure_threshold=2, trip_on_exit=True)
    first = advance("web", policy, TargetState(), BAD, T0)
    second = advance("web", policy, first.state, BAD, T0 + 5)

    assert first.state.health is Health.FAILING
    kinds = [type(effect) for effect in second.effects]
    assert kinds == [Record, OpenIncident, Notify, RequestRestart]


# --- deaths -------------------------------------------------------------------


def test_a_death_is_one_failure():
    assert Story("+x").path == "hf"
    assert Story("+x-").path == "hfX"


def test_a_death_trips_where_the_policy_says_so():
    story = Story("+x", replace(FIXES, trip_on_exit=True))

    assert story.path == "hX"
    assert story.told[1] == ["open", "tell: firing", "restart"]


def test_a_mere_failure_does_not_trip():
    assert Story("+-", replace(CALM, trip_on_exit=True)).path == "hf"


def test_a_death_that_was_followed_by_a_good_check_is_nothing():
    story = Story("+", replace(CALM, trip_on_exit=True))
    story.cycle("x", T0 + 5, _good("8:1"))

    assert story.path == "hh"


# --- start grace --------------------------------------------------------------


def test_a_target_never_yet_seen_well_is_not_judged_in_its_grace():
    policy = replace(CALM, start_grace=60.0)
    story = Story("", policy)
    for after in (0, 30, 59.9):
        story.at(after, "x")
    assert (story.path, story.state.failures) == ("uuu", 0)
    assert (story.state.first_seen, story.state.since) == (T0, T0)

    story.at(60, "-")
    story.at(61, "-")

    assert story.path == "uuufX"


def test_the_grace_counts_from_the_first_look_that_said_something():
    story = Story("", replace(CALM, start_grace=60.0))
    story.at(0, "?")
    story.at(50, "-")
    story.at(105, "-")
    story.at(110, "-")

    assert story.path == "uuuf"


def test_once_seen_well_there_is_no_grace():
    story = Story("+--", replace(CALM, start_grace=600.0))

    assert story.path == "hfX"
    assert story.state.ever_healthy


# --- reminders ----------------------------------------------------------------


def test_reminders_come_with_growing_gaps_and_the_last_gap_repeats():
    story = Story("--", replace(CALM, reminders=(100.0, 300.0)))
    for after in range(10, 1400, 5):
        story.at(after, "-")
    story.at(1400, "+")

    reminders = [
        e for e in story.effects if type(e) is Notify and e.kind is AlertKind.REMINDER
    ]
    assert [e.at - T0 for e in reminders] == [105, 405, 705, 1005, 1305]
    assert [e.count for e in reminders] == [1, 2, 3, 4, 5]
    assert {e.incident for e in reminders} == {f"web@{T0 + 5:.3f}"}
    assert {e.opened_at for e in reminders} == {T0}


def test_the_next_incident_is_reminded_from_its_own_beginning():
    story = Story("--", replace(CALM, reminders=(100.0, 300.0)))
    story.at(200, "-")
    story.at(205, "+")
    story.at(210, "-")
    story.at(215, "-")

    assert story.at(310, "-") == []
    assert story.at(315, "-") == ["tell: reminder"]
    assert story.last(Notify).count == 1


def test_after_a_long_silence_there_is_one_reminder_and_not_many():
    story = Story("--", replace(CALM, reminders=(10.0,)))

    assert story.at(5000, "-") == ["tell: reminder"]
    assert story.at(5005, "-") == []


def test_without_reminders_there_are_none():
    story = Story("--")

    assert story.at(10_000_000, "-") == []


# --- degraded -----------------------------------------------------------------


def test_a_degraded_target_warns_at_once_is_told_after_the_threshold_and_recovers():
    story = Story("+~~~~++", replace(FIXES, failure_threshold=3))

    assert story.told == [
        [],
        ["warn"],
        [],
        ["open", "tell: degraded"],
        [],
        ["close", "tell: resolved"],
        [],
    ]
    assert story.path == "hhhhhhh"


def test_a_degraded_target_is_never_restarted():
    story = Story("~" * 100, replace(FIXES, failure_threshold=1, trip_on_exit=True))

    assert story.count("restart") == 0
    assert story.count("tell: degraded") == story.count("warn") == 1


def test_a_warning_says_what_was_seen():
    story = Story("~")

    assert story.last(Warn) == Warn(f"web#{T0:.3f}", "web", T0, Code.SLOW, "slow", 3.5)
    assert story.state.degraded


def test_a_warning_that_lasts_is_an_incident_of_its_own():
    story = Story("~~~+")
    named = f"web@{T0 + 5:.3f}"
    told, resolved = (e for e in story.effects if type(e) is Notify)

    assert story.last(OpenIncident) == OpenIncident(
        named, "web", Severity.WARNING, T0 + 5, Facet.HEALTH, Code.SLOW, "slow"
    )
    assert told == Notify(
        AlertKind.DEGRADED,
        "web",
        named,
        Severity.WARNING,
        T0 + 5,
        T0 + 5,
        Facet.HEALTH,
        Code.SLOW,
        "slow",
        0,
        3.5,
    )
    assert resolved == replace(
        told, kind=AlertKind.RESOLVED, at=T0 + 15, response_s=None
    )
    assert story.last(ResolveIncident) == ResolveIncident(named, "web", T0 + 15)
    assert (story.state.warning, story.state.degraded) == (None, False)


def test_a_short_warning_is_recorded_and_told_to_nobody():
    assert Story("~+~+~+").told == [["warn"], [], ["warn"], [], ["warn"], []]


def test_degraded_cycles_must_follow_each_other_to_be_told():
    story = Story("~-~-~+~", CALM)

    assert story.count("tell: degraded") == 0
    assert story.count("warn") == 4


def test_an_open_warning_outlives_an_outage_and_closes_when_all_is_well():
    story = Story("~~--~+", CALM)

    assert story.told[2:] == [
        [],
        ["open", "tell: firing", "withheld: off"],
        ["close", "tell: resolved", "warn"],
        ["close", "tell: resolved"],
    ]
    assert story.count("open") == 2


def test_an_outage_ends_the_degraded_flag():
    assert not Story("~-").state.degraded
    assert Story("~-").state.slow_count == 0


# --- dependencies -------------------------------------------------------------


def test_while_what_it_depends_on_fails_it_is_measured_and_neither_told_nor_restarted():
    story = Story("+" + "=" * 50 + "+", replace(FIXES, reminders=(10.0,)))

    assert story.path == "hf" + "X" * 49 + "h"
    assert [words for words in story.told if words] == [["open"], ["close"]]
    assert story.state.restarts == ()


def test_what_is_still_down_afterwards_is_told_and_restarted_then():
    story = Story("+===-", FIXES)

    assert story.told[-1] == ["tell: firing", "restart"]
    assert (story.last(Notify).at, story.last(Notify).opened_at) == (T0 + 20, T0 + 5)
    assert story.go("+").told[-1] == ["proved: success", "close", "tell: resolved"]


def test_a_recovery_is_owed_even_while_what_it_depends_on_fails():
    story = Story("+--", replace(CALM, reminders=(5.0,)))
    story.go("===")
    assert story.told[3:] == [[], [], []]

    assert story.go("^").told[-1] == ["close", "tell: resolved", "warn"]


def test_a_warning_is_told_only_when_what_it_depends_on_is_well():
    story = Story("+^^^^")
    assert story.told == [[], ["warn"], [], [], []]

    assert story.go("~").told[-1] == ["open", "tell: degraded"]


def test_a_dependency_that_flaps_does_not_make_its_dependants_flap():
    story = Story("+=" * 40, replace(FLAPS, failure_threshold=1))

    assert story.count("tell: flapping") == 0
    assert story.count("tell: firing") == 0


def test_after_its_dependency_is_well_it_takes_a_whole_ring_to_flap():
    story = Story("+-" * 8 + "=" + "+-" * 12, FLAPS)

    flapped = [i for i, words in enumerate(story.told) if "tell: flapping" in words]
    assert flapped == [17 + 20]


def test_flapping_of_its_own_is_not_forgotten_meanwhile():
    story = Story("+-" * 15 + "=" * 40 + "-", FLAPS)

    assert story.count("tell: flapping") == 1
    assert [words for words in story.told[30:] if words] == []


# --- flapping -----------------------------------------------------------------

FLAPS = replace(CALM, flapping=True, failure_threshold=1)


def test_a_flapping_target_is_told_once_instead_of_each_incident():
    story = Story("+-" * 30, FLAPS)

    assert story.count("tell: flapping") == 1
    # The 21st cycle completes 20 possible changes; what was told before it is owed.
    assert story.told[20] == ["tell: flapping", "close", "tell: resolved"]
    later = [word for words in story.told[21:] for word in words]
    assert set(later) == {"open", "close", "withheld: off"}


def test_flapping_is_as_loud_as_the_incidents_that_it_hides():
    story = Story("+-" * 15, replace(FLAPS, severity=Severity.ERROR))

    told = next(
        e for e in story.effects if type(e) is Notify and e.kind is AlertKind.FLAPPING
    )
    assert told == Notify(
        AlertKind.FLAPPING,
        "web",
        f"web@{T0 + 100:.3f}~flapping",
        Severity.ERROR,
        T0 + 100,
        T0 + 100,
        Facet.PROCESS,
        Code.PID_DEAD,
        "100%",
    )


def test_the_end_of_flapping_is_told_once_and_in_health():
    story = Story("+-" * 15 + "+" * 40, FLAPS)

    ends = [words for words in story.told[30:] if words]
    assert ends == [["close"], ["tell: resolved"]]
    resolved = story.last(Notify)
    assert resolved.incident == f"web@{T0 + 100:.3f}~flapping"
    assert resolved.opened_at == T0 + 100
    assert story.state.flap is None


def test_an_outage_that_flapping_hid_is_told_when_the_flapping_ends():
    story = Story("+-" * 15 + "-" * 40, FLAPS)

    assert [words for words in story.told[30:] if words] == [
        ["tell: resolved", "tell: firing"]
    ]
    firing = story.last(Notify)
    assert (firing.kind, firing.opened_at) == (AlertKind.FIRING, T0 + 5 * 29)
    assert firing.at > firing.opened_at
    assert story.go("+").told[-1] == ["close", "tell: resolved"]


def test_the_spent_budget_of_a_hidden_outage_is_told_with_it():
    policy = replace(FLAPS, restart=replace(QUICK, intensity=1, proof=5.0, settle=0.0))
    story = Story("+-" * 15 + "-" * 40, policy)

    assert ["tell: resolved", "tell: firing", "tell: exhausted"] in story.told
    hidden = next(i for i, w in enumerate(story.told) if "tell: flapping" in w)
    assert not any("tell: exhausted" in w for w in story.told[hidden + 1 : 30])


def test_the_recovery_of_an_outage_told_before_the_flapping_is_still_owed():
    # Half of the last cycles changed, then an outage that was told, then flapping.
    story = Story(
        "+++++++++++++" + "-+-+-+-+-+-+-+", replace(FLAPS, success_threshold=2)
    )
    firing = story.count("tell: firing")
    story.go("+" * 30)

    assert firing == 1
    assert story.count("tell: resolved") == 2
    assert story.count("tell: flapping") == 1


def test_switching_flapping_off_ends_it():
    story = Story("+-" * 15, FLAPS)
    story.policy = replace(FLAPS, flapping=False)
    story.go("-")

    assert story.told[-1] == ["tell: resolved", "tell: firing"]
    assert story.state.flap is None


def test_where_flapping_is_not_watched_each_incident_is_told():
    story = Story("+-" * 30, replace(FLAPS, flapping=False))

    assert story.count("tell: firing") == 30
    assert story.state.seen == story.state.ring == 0


def test_the_ring_remembers_twenty_one_cycles_and_no_more():
    story = Story("+-" * 30, FLAPS)

    assert story.state.seen == 21
    assert story.state.ring == 2**20 - 1


def test_unknown_and_settling_cycles_are_no_changes():
    story = Story("+?-?" * 4, FLAPS)

    assert story.state.seen == 8
    assert story.state.ring.bit_count() == 7


# --- rearm --------------------------------------------------------------------


def test_the_gaps_start_anew_after_long_health():
    story = Story("--", replace(FIXES, restart=replace(QUICK, rearm=100.0)))
    story.at(10, "+")
    story.at(109, "+")
    assert story.state.attempts == 1

    story.at(110, "+")
    assert story.state.attempts == 0
    assert story.state.restarts == (T0 + 5,)


def test_health_counts_from_its_beginning_and_a_failure_starts_it_anew():
    story = Story("--", replace(FIXES, restart=replace(QUICK, rearm=100.0)))
    story.at(10, "+")
    story.at(60, "-")
    assert story.state.healthy_since is None
    story.at(65, "+")
    story.at(160, "+")
    assert (story.state.healthy_since, story.state.attempts) == (T0 + 65, 1)

    story.at(165, "+")
    assert story.state.attempts == 0


def test_the_plain_policy_is_the_one_that_the_documents_promise():
    assert Policy() == Policy(
        failure_threshold=2,
        success_threshold=1,
        start_grace=0.0,
        trip_on_exit=False,
        flapping=True,
        severity=Severity.CRITICAL,
        reminders=(3600.0, 14400.0, 86400.0),
        restart=RestartPolicy(
            enabled=True,
            intensity=5,
            period=1800.0,
            settle=10.0,
            proof=60.0,
            backoff=10.0,
            backoff_max=300.0,
            rearm=600.0,
            half_open=1800.0,
        ),
    )
