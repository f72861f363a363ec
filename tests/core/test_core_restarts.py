"""The restart budget, case by case."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core.chance import spread
from agent2.core.model import Health, RestartPolicy, TargetState
from agent2.core.policies import Decision, Ruling
from agent2.core.restarts import due, gap, inside, may_restart
from agent2.core.value import replace

NOW = 100_000.0
POLICY = RestartPolicy(
    intensity=3,
    period=1000.0,
    settle=10.0,
    proof=60.0,
    backoff=10.0,
    backoff_max=300.0,
    half_open=500.0,
)


def asked(*ages, attempts=0, **fields):
    """The state after restarts that were asked for *ages* seconds ago."""
    times = tuple(NOW - age for age in ages)
    return TargetState(restarts=times, attempts=attempts, **fields)


@pytest.mark.parametrize(
    ("policy", "state", "ruling", "reason", "until"),
    [
        (RestartPolicy(enabled=False), TargetState(), Ruling.BLOCK, "off", None),
        (POLICY, TargetState(), Ruling.ALLOW, "budget", None),
        (POLICY, asked(50, attempts=1), Ruling.ALLOW, "budget", None),
        (POLICY, asked(9, attempts=1), Ruling.PAUSE, "backoff", NOW + 1),
        (POLICY, asked(10, attempts=1), Ruling.ALLOW, "budget", None),
        # Whatever lies outside the period is forgotten.
        (POLICY, asked(1000, 700, 400), Ruling.ALLOW, "budget", None),
        (POLICY, asked(999, 700, 400), Ruling.BLOCK, "exhausted", NOW + 500),
        (POLICY, asked(700, 400), Ruling.ALLOW, "budget", None),
        # The last one still owes its proof: nobody says "exhausted" before that.
        (
            POLICY,
            asked(700, 400, 59, action="a", action_at=NOW - 59),
            Ruling.PAUSE,
            "proof",
            NOW + 1,
        ),
        (
            POLICY,
            asked(700, 400, 60, action="a", action_at=NOW - 60),
            Ruling.BLOCK,
            "exhausted",
            NOW + 500,
        ),
        # Half open: one more, counted from the last try or the end of the budget.
        (
            POLICY,
            asked(exhausted_at=NOW - 499),
            Ruling.BLOCK,
            "exhausted",
            NOW + 1,
        ),
        (POLICY, asked(exhausted_at=NOW - 500), Ruling.ALLOW, "half_open", None),
        (
            POLICY,
            asked(900, 499, exhausted_at=NOW - 600),
            Ruling.BLOCK,
            "exhausted",
            NOW + 1,
        ),
        (
            POLICY,
            asked(900, 500, exhausted_at=NOW - 600),
            Ruling.ALLOW,
            "half_open",
            None,
        ),
        (
            replace(POLICY, enabled=False),
            asked(exhausted_at=NOW - 900),
            Ruling.BLOCK,
            "off",
            None,
        ),
        (
            replace(POLICY, intensity=0),
            TargetState(),
            Ruling.BLOCK,
            "exhausted",
            NOW + 500,
        ),
        (replace(POLICY, intensity=1), TargetState(), Ruling.ALLOW, "budget", None),
        (replace(POLICY, intensity=1), asked(80), Ruling.BLOCK, "exhausted", NOW + 500),
    ],
)
def test_may_restart(policy, state, ruling, reason, until):
    assert may_restart(policy, state, "web", NOW) == Decision(ruling, reason, until)


@pytest.mark.parametrize("ages", [(9,), (700, 400, 59)])
def test_a_pause_ends_when_it_said(ages):
    state = asked(*ages, attempts=4, action="a", action_at=NOW - ages[-1])

    until = may_restart(POLICY, state, "web", NOW).until

    assert until > NOW
    before = may_restart(POLICY, state, "web", until - 0.001)
    assert (before.ruling, before.until) == (Ruling.PAUSE, until)
    assert may_restart(POLICY, state, "web", until).ruling is not Ruling.PAUSE


def test_the_gaps_of_two_targets_differ():
    wide = replace(POLICY, settle=0.0)
    dues = {
        may_restart(wide, asked(0, attempts=3), f"web-{i}", NOW).until
        for i in range(20)
    }

    assert len(dues) == 20


def test_the_gaps_of_two_attempts_are_spread_apart():
    wide = replace(POLICY, settle=0.0, backoff_max=10.0)
    dues = {
        may_restart(wide, asked(0, attempts=n), "web", NOW).until for n in range(1, 21)
    }

    assert len(dues) == 20


@pytest.mark.parametrize(
    ("attempts", "longest"),
    [(1, 10.0), (2, 20.0), (3, 40.0), (4, 80.0), (5, 160.0), (6, 300.0), (7, 300.0)],
)
def test_the_gap_doubles_up_to_its_cap_less_its_spread(attempts, longest):
    policy = RestartPolicy(settle=0.0)

    assert gap(policy, attempts, "web") == longest * (1 - spread("web") / 2)


def test_before_the_first_restart_there_is_no_gap():
    assert gap(RestartPolicy(), 0, "web") == 0.0
    assert gap(RestartPolicy(), -1, "web") == 0.0


def test_the_doubling_stops_before_numbers_overflow():
    policy = RestartPolicy(settle=0.0, backoff=1.0, backoff_max=1e300)

    assert (
        gap(policy, 21, "") == gap(policy, 5000, "") == 2.0**20 * (1 - spread("") / 2)
    )
    assert gap(policy, 20, "") == gap(policy, 21, "") / 2


@given(
    st.integers(1, 100), st.integers(0, 600), st.integers(1, 400), st.text(max_size=5)
)
def test_a_gap_lies_between_half_of_it_and_its_cap_and_is_never_shorter_than_settle(
    attempts, settle, backoff, seed
):
    policy = RestartPolicy(settle=settle, backoff=backoff, backoff_max=300.0)
    longest = min(backoff * 2.0 ** min(attempts - 1, 20), 300.0)

    wait = gap(policy, attempts, seed)

    assert max(longest / 2, settle) <= wait <= max(longest, settle)


def test_a_restart_leaves_the_budget_exactly_after_its_period():
    assert inside(POLICY, (NOW - 1000.0, NOW - 999.0, NOW), NOW) == 2
    assert inside(POLICY, (), NOW) == 0


@pytest.mark.parametrize(
    ("state", "at"),
    [
        (asked(9, attempts=1), NOW + 1),
        (asked(), None),
        (asked(exhausted_at=NOW - 10), NOW + 490),
        (asked(100, exhausted_at=NOW - 90), NOW + 410),
        (asked(700, 400, 59, action="a", action_at=NOW - 59), NOW + 501),
        (asked(700, 400, 60), NOW + 440),
    ],
)
def test_the_next_restart_is_due_when_backoff_or_budget_say(state, at):
    down = replace(state, health=Health.UNHEALTHY)

    assert due(POLICY, down, "webui") == at
    assert due(POLICY, replace(down, health=Health.HEALTHY), "webui") is None
    assert due(RestartPolicy(enabled=False), down, "webui") is None
    if at is not None and not state.action and state.exhausted_at is None:
        assert at >= NOW
