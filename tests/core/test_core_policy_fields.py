"""Every field of Policy, RestartPolicy and Retry has a test with its name.

Each shows what the field does by moving it alone; the last test of the file holds
the list complete.
"""

from __future__ import annotations

import itertools

import pytest
from core_notation import CALM, T0, Story

from agent2.core.alerting import Facts
from agent2.core.delivery import Retry, failed, wait
from agent2.core.message import Alert, Cause, Delivery, DeliveryState
from agent2.core.model import AlertKind, Policy, RestartPolicy, Severity
from agent2.core.value import replace

ASKS = RestartPolicy(
    intensity=2,
    period=1000.0,
    settle=10.0,
    proof=60.0,
    backoff=1.0,
    backoff_max=1.0,
    rearm=100.0,
    half_open=500.0,
)


def restarts(until=3000, every=1, **changes):
    """When an outage that never ends asks for restarts, in seconds from its start."""
    policy = replace(CALM, failure_threshold=1, restart=replace(ASKS, **changes))
    story = Story("", policy)
    return [
        after for after in range(0, until, every) if "restart" in story.at(after, "-")
    ]


def told(policy, kind, until=3000):
    """When an outage that never ends tells *kind*, in seconds from its start."""
    story = Story("", replace(policy, failure_threshold=1))
    return [a for a in range(0, until, 10) if f"tell: {kind}" in story.at(a, "-")]


@pytest.mark.parametrize("threshold", [1, 2, 3, 7])
def test_policy_failure_threshold(threshold):
    story = Story("+" + "-" * 9, replace(CALM, failure_threshold=threshold))

    assert story.path == "h" + "f" * (threshold - 1) + "X" * (10 - threshold)


@pytest.mark.parametrize("threshold", [1, 2, 3, 7])
def test_policy_success_threshold(threshold):
    story = Story("--" + "+" * 9, replace(CALM, success_threshold=threshold))

    assert story.path == "fX" + "r" * (threshold - 1) + "h" * (10 - threshold)


@pytest.mark.parametrize(("grace", "path"), [(0, "fXXX"), (5, "ufXX"), (12, "uuuf")])
def test_policy_start_grace(grace, path):
    assert Story("----", replace(CALM, start_grace=float(grace))).path == path


@pytest.mark.parametrize(("trips", "path"), [(False, "hf"), (True, "hX")])
def test_policy_trip_on_exit(trips, path):
    assert Story("+x", replace(CALM, trip_on_exit=trips)).path == path


@pytest.mark.parametrize(("flapping", "count"), [(True, 1), (False, 0)])
def test_policy_flapping(flapping, count):
    story = Story("+-" * 20, replace(CALM, flapping=flapping))

    assert story.count("tell: flapping") == count


@pytest.mark.parametrize("severity", Severity)
def test_policy_severity(severity):
    story = Story("--+", replace(CALM, severity=severity))

    said = [e.severity for e in story.effects if hasattr(e, "severity")]
    assert said == [severity] * 3


@pytest.mark.parametrize(
    ("reminders", "times"),
    [
        ((), []),
        ((1000.0,), [1000, 2000]),
        ((100.0, 500.0), [100, 600, 1100, 1600, 2100, 2600]),
        ((100.0, 200.0, 2000.0), [100, 300, 2300]),
    ],
)
def test_policy_reminders(reminders, times):
    assert told(replace(CALM, reminders=reminders), "reminder") == times


@pytest.mark.parametrize(("restart", "count"), [(RestartPolicy(), 1), (ASKS, 2)])
def test_policy_restart(restart, count):
    policy = replace(CALM, restart=replace(restart, backoff=50.0 / count))
    story = Story("-", policy)
    for after in (5, 20, 29):
        story.at(after, "-")

    assert story.count("restart") == count


@pytest.mark.parametrize(("enabled", "times"), [(True, [0, 10]), (False, [])])
def test_restart_policy_enabled(enabled, times):
    assert restarts(100, enabled=enabled) == times


@pytest.mark.parametrize("intensity", [1, 2, 5])
def test_restart_policy_intensity(intensity):
    assert restarts(400, intensity=intensity) == [10 * n for n in range(intensity)]


@pytest.mark.parametrize("period", [20.0, 55.0, 200.0])
def test_restart_policy_period(period):
    # Two per period: the third comes when the first has left it, if that is before
    # the second had its time for proof.
    third = [max(20, period)] if period < 70 else []
    assert restarts(80, period=period)[2:3] == third


@pytest.mark.parametrize("settle", [0.0, 7.0, 33.0])
def test_restart_policy_settle(settle):
    gap = max(settle, 1.0)
    assert restarts(100, settle=settle)[:2] == [0, gap]

    policy = replace(CALM, failure_threshold=1, restart=replace(ASKS, settle=settle))
    story = Story("-", policy)
    for after in range(1, 41):
        story.at(after, "-")
    # Two restarts settle; what is bad meanwhile is not counted.
    first = sum(1 for a in range(1, 41) if settle <= a < gap)
    second = sum(1 for a in range(1, 41) if a >= gap + settle or a == gap)
    assert story.state.failures == 1 + first + second


@pytest.mark.parametrize("proof", [20.0, 60.0, 90.0])
def test_restart_policy_proof(proof):
    policy = replace(
        CALM, failure_threshold=1, restart=replace(ASKS, intensity=1, proof=proof)
    )
    story = Story("", policy)
    failed_at = [
        after for after in range(200) if "proved: failed" in story.at(after, "-")
    ]
    assert failed_at == [proof]


@pytest.mark.parametrize("backoff", [20.0, 40.0])
def test_restart_policy_backoff(backoff):
    first, second, third = restarts(
        400, intensity=3, backoff=backoff, backoff_max=1000.0, settle=0.0
    )[:3]

    assert backoff / 2 <= second - first <= backoff + 1
    assert backoff <= third - second <= 2 * backoff + 1


@pytest.mark.parametrize("longest", [30.0, 60.0])
def test_restart_policy_backoff_max(longest):
    times = restarts(
        600, intensity=9, backoff=20.0, backoff_max=longest, settle=0.0, half_open=1e9
    )

    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert len(times) == 9
    assert longest / 2 <= max(gaps) <= longest + 1
    assert max(gaps) > 20


@pytest.mark.parametrize(("rearm", "attempt"), [(30.0, 1), (31.0, 2)])
def test_restart_policy_rearm(rearm, attempt):
    story = Story("--", replace(CALM, restart=replace(ASKS, rearm=rearm)))
    story.at(10, "+")
    story.at(40, "+")
    story.at(45, "-")
    story.at(50, "-")

    assert story.effects[-1].attempt == attempt


@pytest.mark.parametrize("half_open", [100.0, 700.0])
def test_restart_policy_half_open(half_open):
    spent = 10 + 60

    assert restarts(half_open=half_open)[2:4] == [
        spent + half_open,
        spent + 2 * half_open,
    ]


@pytest.mark.parametrize(("dry_run", "asked"), [(True, False), (False, True)])
def test_restart_policy_dry_run(dry_run, asked):
    assert bool(restarts(dry_run=dry_run)) is asked


# --- Retry --------------------------------------------------------------------


def delivery(**changes):
    facts = Facts({}, "en", str, "h", "i", "s")
    alert = Alert(
        "a", AlertKind.FIRING, "inc", "key", "web", Severity.CRITICAL, "s", "i", "a",
        "r", "c", "d", "t", "t", None, 0.0, facts.host, facts.instance, "l", (),
    )  # fmt: skip
    return replace(Delivery("d", "ops", alert, T0, T0, attempts=1), **changes)


@pytest.mark.parametrize("base", [1.0, 4.0])
def test_retry_base(base):
    gaps = [wait(Retry(base=base), attempts, "d") for attempts in (1, 2, 3)]

    for doubling, gap in enumerate(gaps):
        assert base * 2**doubling / 2 < gap <= base * 2**doubling


@pytest.mark.parametrize("cap", [5.0, 100.0])
def test_retry_cap(cap):
    gaps = [wait(Retry(cap=cap), attempts, "d") for attempts in range(1, 200)]

    assert max(gaps) <= cap
    assert all(cap / 2 < gap for gap in gaps[10:])


@pytest.mark.parametrize("max_age", [10.0, 86400.0])
def test_retry_max_age(max_age):
    retry = Retry(max_age=max_age)

    young = failed(delivery(), retry, Cause.SERVER, "503", T0 + max_age - 1)
    old = failed(delivery(), retry, Cause.SERVER, "503", T0 + max_age)

    assert (young.state, old.state) == (DeliveryState.PENDING, DeliveryState.DEAD)


def test_the_plain_retry_begins_at_a_second_and_gives_up_after_a_day():
    assert Retry() == Retry(base=1.0, cap=900.0, max_age=86400.0)


@pytest.mark.parametrize(
    ("prefix", "cls"),
    [("policy", Policy), ("restart_policy", RestartPolicy), ("retry", Retry)],
)
def test_no_field_is_without_its_test(prefix, cls):
    missing = {f"test_{prefix}_{name}" for name in cls.__match_args__} - set(globals())

    assert missing == set()
