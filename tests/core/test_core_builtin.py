"""The built-in policies, row by row as the documents have them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent2.core import builtin
from agent2.core.events import Event, Gate
from agent2.core.failures import LASTING, PASSING, cause, is_retryable, tries
from agent2.core.policies import Concern, Level, Measure, Ruling
from agent2.core.rulings import AUDIT, MEASURES, decide, gravest_first, gravity
from agent2.core.standing import Mode, Redlines, Standing
from agent2.core.value import replace

NOW = 1_700_000_000.0
STANDING = Standing(NOW)
ALLOW, PAUSE, BLOCK = Ruling.ALLOW, Ruling.PAUSE, Ruling.BLOCK
RETRY, REVIEW = Ruling.RETRY, Ruling.REQUIRE_REVIEW
OWN = Redlines(own_names=("agent2",))
LISTED = Redlines(commands=("systemctl", "/bin/true"))
FROZEN = Redlines(frozen=True, frozen_reason="fri 22:00-06:00")


def event(subject="webui", /, **payload):
    return Event("e1", "eventbus", subject, "T", NOW, payload)


def finding(severity, category="risk", **more):
    return {"severity": severity, "category": category, "description": "d"} | more


def gate(state, subject="webui", name="restart"):
    return Gate(subject, name, state, "deploy", "ada", NOW)


def levels(decision):
    return [concern.level.value for concern in decision.concerns]


# --- created ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "redlines", "ruling", "reason"),
    [
        ({}, Redlines(), ALLOW, "no concerns"),
        ({"findings": []}, OWN, ALLOW, "no concerns"),
        ({"findings": [finding("low")]}, Redlines(), ALLOW, "d"),
        ({"findings": [finding("medium")]}, Redlines(), PAUSE, "d"),
        ({"findings": [finding("high")]}, Redlines(), BLOCK, "d"),
        ({"findings": [finding("critical")]}, Redlines(), BLOCK, "d"),
        ({"findings": [finding("low"), finding("HIGH")]}, Redlines(), BLOCK, "d; d"),
        ({"risk_level": "low"}, Redlines(), ALLOW, "risk_level low"),
        ({"risk_level": "Medium"}, Redlines(), PAUSE, "risk_level medium"),
        ({"risk_level": "critical"}, Redlines(), BLOCK, "risk_level critical"),
        ({"risk_level": "no word"}, Redlines(), ALLOW, "no concerns"),
        ({"risk_level": 5}, Redlines(), ALLOW, "no concerns"),
        # What cannot be read is not taken for harmless.
        ({"findings": [{}]}, Redlines(), PAUSE, "finding 0"),
        ({"findings": ["x", 1, None]}, Redlines(), ALLOW, "no concerns"),
        ({"findings": "high"}, Redlines(), ALLOW, "no concerns"),
        # Redlines.
        ({"command": "rm -rf /"}, Redlines(), ALLOW, "no concerns"),
        (
            {"command": "rm -rf /"},
            LISTED,
            BLOCK,
            "rm is not in the list of commands",
        ),
        ({"command": "systemctl restart x"}, LISTED, ALLOW, "no concerns"),
        ({"argv": ["/bin/true", "x"]}, LISTED, ALLOW, "no concerns"),
        ({"argv": ["x"]}, LISTED, BLOCK, "x is not in the list of commands"),
        ({"argv": []}, LISTED, ALLOW, "no concerns"),
        ({"command": "  "}, LISTED, ALLOW, "no concerns"),
        ({"command": 5}, LISTED, ALLOW, "no concerns"),
        (
            {"argv": ["x"]},
            Redlines(commands=()),
            BLOCK,
            "x is not in the list of commands",
        ),
        ({}, FROZEN, PAUSE, "frozen: fri 22:00-06:00"),
        ({}, Redlines(frozen=True), PAUSE, "frozen: nothing is changed now"),
    ],
)
def test_what_begins(payload, redlines, ruling, reason):
    decision = builtin.created(event(**payload), replace(STANDING, redlines=redlines))
    assert (decision.ruling, decision.reason) == (ruling, reason)


def test_agent2_itself_is_never_touched_and_that_is_a_redline():
    decision = builtin.created(event("agent2"), replace(STANDING, redlines=OWN))
    assert decision.ruling is BLOCK
    assert decision.reason == "agent2 is Agent2 itself"
    assert decision.measures == (
        Measure.REDLINE_VIOLATION,
        Measure.MARK_BLOCKED,
        Measure.WRITE_AUDIT,
    )
    (concern,) = decision.concerns
    assert concern == Concern(
        "e1/own", "redline", Level.CRITICAL, "agent2 is Agent2 itself", (), "redlines"
    )


@pytest.mark.parametrize(
    ("mode", "payload", "redlines", "ruling"),
    [
        ("autonomous", {"risk_level": "medium"}, Redlines(), ALLOW),
        ("assisted", {"risk_level": "medium"}, Redlines(), PAUSE),
        ("interactive", {"risk_level": "medium"}, Redlines(), PAUSE),
        ("autonomous", {"risk_level": "high"}, Redlines(), BLOCK),
        # No mode steps over a redline.
        ("autonomous", {}, FROZEN, PAUSE),
        ("autonomous", {"risk_level": "medium"}, FROZEN, PAUSE),
    ],
)
def test_an_autonomous_run_goes_on_by_itself_but_over_no_redline(
    mode, payload, redlines, ruling
):
    standing = replace(STANDING, mode=Mode(mode), redlines=redlines)
    assert builtin.created(event(**payload), standing).ruling is ruling


def test_a_sender_s_finding_is_taken_as_it_is():
    told = finding("high", "conflict", id="f7", evidence=["a", 1], source="validator")
    (concern,) = builtin.created(event(findings=[told]), STANDING).concerns
    assert concern == Concern(
        "f7", "conflict", Level.HIGH, "d", ("a", "1"), "validator"
    )


def test_a_finding_without_names_gets_them_from_its_event():
    (concern,) = builtin.created(event(findings=[{"category": "x"}]), STANDING).concerns
    assert concern == Concern(
        "e1/finding/0", "risk", Level.MEDIUM, "finding 0", (), "eventbus"
    )


# --- step completed -----------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "ruling", "found"),
    [
        ({}, ALLOW, []),
        ({"error_rate": 0.3, "resource_usage": 0.8, "security_score": 50}, ALLOW, []),
        ({"error_rate": 0.31}, ALLOW, ["error_rate 0.31 is above 0.3"]),
        ({"resource_usage": 0.81}, ALLOW, ["resource_usage 0.81 is above 0.8"]),
        ({"security_score": 49.9}, ALLOW, ["security_score 49.9 is below 50"]),
        ({"security_score": 0}, ALLOW, ["security_score 0 is below 50"]),
        (
            {"error_rate": 1, "resource_usage": 1, "security_score": 1},
            ALLOW,
            [
                "error_rate 1 is above 0.3",
                "resource_usage 1 is above 0.8",
                "security_score 1 is below 50",
            ],
        ),
        ({"error_rate": "0.9", "security_score": True}, ALLOW, []),
        ({"error_rate": float("nan"), "resource_usage": None}, ALLOW, []),
        ({"findings": [finding("medium")]}, ALLOW, ["d"]),
        ({"findings": [finding("high")]}, PAUSE, ["d"]),
        ({"error_rate": 0.9, "risk_level": "critical"}, PAUSE,
         ["risk_level critical", "error_rate 0.9 is above 0.3"]),
    ],
)  # fmt: skip
def test_a_finished_step(payload, ruling, found):
    decision = builtin.step_completed(event(**payload), STANDING)
    assert decision.ruling is ruling
    assert [concern.description for concern in decision.concerns] == found


def test_a_step_that_goes_on_says_what_was_found_or_that_nothing_was():
    noted = builtin.step_completed(event(error_rate=0.5), STANDING)
    assert noted.reason == "error_rate 0.5 is above 0.3"
    assert builtin.step_completed(event(), STANDING).reason == "no concerns"


def test_a_number_beyond_its_limit_is_a_middling_concern_with_evidence():
    numbers = {"error_rate": 0.5, "resource_usage": 0.9}
    decision = builtin.step_completed(event(**numbers), STANDING)
    assert decision.concerns == (
        Concern(
            "e1/error_rate", "risk", Level.MEDIUM, "error_rate 0.5 is above 0.3",
            ("error_rate=0.5",), "limits",
        ),
        Concern(
            "e1/resource_usage", "constraint", Level.MEDIUM,
            "resource_usage 0.9 is above 0.8", ("resource_usage=0.9",), "limits",
        ),
    )  # fmt: skip


# --- failed -------------------------------------------------------------------


@pytest.mark.parametrize("word", sorted(PASSING))
@pytest.mark.parametrize(
    ("tried", "ruling", "wait"),
    [
        (0, RETRY, 10),
        (1, RETRY, 20),
        (2, RETRY, 40),
        (3, BLOCK, None),
        (9, BLOCK, None),
    ],
)
def test_what_may_pass_is_tried_again_three_times(word, tried, ruling, wait):
    told = event(error_type=word, retry_count=tried)
    decision = builtin.failed(told, STANDING)
    assert decision.ruling is ruling
    assert decision.until == (None if wait is None else NOW + wait)
    said = (
        f"{word} may pass: try {tried + 1} of 3"
        if ruling is RETRY
        else f"{word} after {tried} of 3 tries"
    )
    assert decision.reason == said
    assert levels(decision) == ["low" if ruling is RETRY else "high"]


@pytest.mark.parametrize("word", sorted(LASTING))
def test_what_does_not_pass_by_itself_is_blocked_at_once(word):
    decision = builtin.failed(event(error_type=word, error="timeout"), STANDING)
    assert decision.ruling is BLOCK
    assert decision.reason == f"{word} does not pass by itself"
    assert decision.measures == (Measure.MARK_BLOCKED, Measure.WRITE_AUDIT)
    (concern,) = decision.concerns
    assert (concern.id, concern.category) == ("e1/failure", "failure")


@pytest.mark.parametrize(
    ("payload", "retryable"),
    [
        ({}, False),
        ({"error": "no idea"}, False),
        ({"error_type": "Network_Timeout"}, True),
        ({"error_type": "AUTH_FAILED"}, False),
        ({"error": "Read timed out"}, True),
        ({"error": "connect: Connection refused"}, True),
        ({"error": "connection reset by peer"}, True),
        ({"error_message": "429 Too Many Requests"}, True),
        ({"detail": "Service Unavailable"}, True),
        ({"error": {"type": "rate_limited"}}, True),
        ({"error": {"type": "X", "message": "temporarily out"}}, True),
        ({"error": {"message": 5}}, False),
        ({"code": "port_timeout"}, True),
        ({"code": "port_refused"}, True),
        ({"code": "pid_dead"}, False),
        # A word for something lasting outweighs any other.
        ({"error": "timeout: permission denied"}, False),
        ({"error": "Invalid token, try again"}, False),
        ({"error": "403 Forbidden, service unavailable"}, False),
        ({"error_type": 5, "error": "timeout"}, True),
        # A type that is known outweighs all words.
        ({"error_type": "network_timeout", "error": "permission denied"}, True),
        ({"error": "x" * 9_993 + "timeout"}, True),
        ({"error": "x" * 9_994 + "timeout"}, False),
    ],
    ids=lambda one: str(one)[:50],
)
def test_an_error_is_known_by_its_type_else_by_its_words_else_it_lasts(
    payload, retryable
):
    assert is_retryable(event(**payload)) is retryable


@pytest.mark.parametrize(
    ("payload", "word"),
    [
        ({}, "unknown"),
        ({"error_type": "a", "code": "c"}, "a"),
        ({"error": {"type": "b"}, "code": "c"}, "b"),
        ({"error": "b", "code": "c"}, "c"),
        ({"code": ""}, "unknown"),
    ],
)
def test_the_cause_is_the_closest_word_there_is(payload, word):
    assert cause(event(**payload)) == word


@pytest.mark.parametrize(
    ("count", "expected"),
    [(0, 0), (2, 2), (2.9, 2), (-1, 0), (True, 0), ("2", 0), (None, 0), (1e300, 10**6)],
)
def test_tries_are_a_number_whatever_the_sender_writes(count, expected):
    assert tries(event(retry_count=count)) == expected


def test_a_failure_that_names_no_count_is_the_first():
    assert tries(event()) == 0
    assert builtin.failed(event(error_type="rate_limited"), STANDING).until == NOW + 10


def test_the_wait_grows_to_five_minutes_and_the_number_of_tries_is_set():
    standing = replace(STANDING, max_retries=50)
    for tried, wait in ((4, 160), (5, 300), (49, 300)):
        told = event(error_type="rate_limited", retry_count=tried)
        assert builtin.failed(told, standing).until == NOW + wait
    none = replace(STANDING, max_retries=0)
    assert builtin.failed(event(error_type="rate_limited"), none).ruling is BLOCK


# --- state changed ------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "ruling", "reason"),
    [
        ({}, ALLOW, "a plain change of state"),
        ({"flapping": True}, REVIEW, "flapping: it changes too often to tell"),
        ({"dependency_down": "db"}, PAUSE, "depends on db, which is down"),
        ({"maintenance": True, "dependency_down": "db"}, PAUSE, "under maintenance"),
        ({"dependency_down": "db", "flapping": True}, PAUSE, "depends on db, which is down"),
        ({"maintenance": False, "flapping": 0, "dependency_down": ""}, ALLOW,
         "a plain change of state"),
    ],
)  # fmt: skip
def test_a_change_of_state(payload, ruling, reason):
    decision = builtin.state_changed(event(**payload), STANDING)
    assert (decision.ruling, decision.reason) == (ruling, reason)
    assert Measure.PAUSE_GATE not in decision.measures, "silence is no gate"


# --- action requested ---------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "standing", "ruling", "reason"),
    [
        ({}, {}, ALLOW, "within budget, nothing holds it"),
        ({"exhausted": True}, {}, BLOCK, "the restart budget is spent"),
        ({"argv": ["rm"]}, {"redlines": LISTED}, BLOCK, "rm is not in the list of commands"),
        ({}, {"redlines": FROZEN}, PAUSE, "frozen: fri 22:00-06:00"),
        ({}, {"redlines": FROZEN, "mode": Mode.AUTONOMOUS}, PAUSE, "frozen: fri 22:00-06:00"),
        ({}, {"gates": (gate("AWAITING_APPROVAL"),)}, PAUSE, "AWAITING_APPROVAL: deploy (ada)"),
        ({}, {"gates": (gate("REJECTED"),)}, BLOCK, "REJECTED: deploy (ada)"),
        ({}, {"gates": (gate("REJECTED", "*"),)}, BLOCK, "REJECTED: deploy (ada)"),
        ({}, {"gates": (gate("APPROVED"),)}, ALLOW, "within budget, nothing holds it"),
        ({}, {"mode": Mode.INTERACTIVE}, PAUSE, "interactive mode: a person decides"),
        ({}, {"mode": Mode.INTERACTIVE, "gates": (gate("APPROVED"),)}, ALLOW,
         "within budget, nothing holds it"),
        ({}, {"mode": Mode.INTERACTIVE, "gates": (gate("AUTO_APPROVED"),)}, PAUSE,
         "interactive mode: a person decides"),
        ({}, {"mode": Mode.AUTONOMOUS}, ALLOW, "within budget, nothing holds it"),
        # The gravest reason is the one that is told.
        ({"argv": ["rm"]}, {"redlines": LISTED, "gates": (gate("AWAITING_APPROVAL"),)}, BLOCK,
         "rm is not in the list of commands"),
        ({"exhausted": True}, {"redlines": FROZEN}, PAUSE, "frozen: fri 22:00-06:00"),
    ],
)  # fmt: skip
def test_a_wish_to_act(payload, standing, ruling, reason):
    decision = builtin.action_requested(event(**payload), replace(STANDING, **standing))
    assert (decision.ruling, decision.reason) == (ruling, reason)


def test_a_gate_that_holds_is_not_set_anew_by_the_policy():
    """It would write the policy's name over the person's."""
    standing = replace(STANDING, gates=(gate("AWAITING_APPROVAL"),))
    decision = builtin.action_requested(event(), standing)
    assert decision.measures == (Measure.WRITE_AUDIT,)


# --- rulings ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ruling", "kind", "level", "measures"),
    [
        (ALLOW, "SUPERVISOR_ALLOWED", "info", "write_audit"),
        (PAUSE, "SUPERVISOR_PAUSED", "warn", "pause_gate write_audit"),
        (BLOCK, "SUPERVISOR_BLOCKED", "warn", "mark_blocked write_audit"),
        (RETRY, "SUPERVISOR_RETRY_RECOMMENDED", "info", "write_audit"),
        (REVIEW, "SUPERVISOR_DECISION", "warn", "mark_verifying write_audit"),
    ],
)
def test_a_ruling_has_its_word_in_the_audit_and_its_measures(
    ruling, kind, level, measures
):
    assert AUDIT[ruling] == (kind, level)
    assert [one.value for one in MEASURES[ruling]] == measures.split()
    assert decide(ruling, "why").measures == MEASURES[ruling]


words = st.sampled_from([level.value for level in Level])
payloads = st.fixed_dictionaries(
    {},
    optional={
        "findings": st.lists(words.map(finding), max_size=3),
        "risk_level": words,
        "error_rate": st.floats(allow_nan=False),
        "error_type": st.sampled_from([*sorted(PASSING), *sorted(LASTING), "x"]),
        "retry_count": st.integers(0, 5),
        "argv": st.lists(st.sampled_from(["rm", "systemctl"]), max_size=2),
        "exhausted": st.booleans(),
        "flapping": st.booleans(),
    },
)
standings = st.builds(
    Standing,
    now=st.just(NOW),
    mode=st.sampled_from(Mode),
    gates=st.lists(
        st.sampled_from(["APPROVED", "REJECTED", "AWAITING_APPROVAL"]).map(gate),
        max_size=2,
    ).map(tuple),
    redlines=st.sampled_from([Redlines(), OWN, LISTED, FROZEN]),
)
policies = st.sampled_from(sorted(builtin.POLICIES))


@given(policies, payloads, standings)
def test_every_decision_says_why_is_audited_and_has_the_gravest_first(
    name, payload, standing
):
    decision = builtin.POLICIES[name](event(**payload), standing)
    assert decision.reason
    assert Measure.WRITE_AUDIT in decision.measures
    assert decision.concerns == gravest_first(decision.concerns)
    if decision.concerns:
        assert decision.concerns[0].level is gravity(decision.concerns)
    assert (decision.until is not None) == (decision.ruling is RETRY)


@given(policies, payloads, standings, words)
def test_one_more_finding_never_makes_a_decision_milder(name, payload, standing, word):
    order = [ALLOW, RETRY, REVIEW, PAUSE, BLOCK]
    policy = builtin.POLICIES[name]
    before = policy(event(**payload), standing).ruling
    more = payload | {"findings": [*payload.get("findings", []), finding(word)]}
    after = policy(event(**more), standing).ruling
    assert order.index(after) >= order.index(before)


@given(policies, payloads, standings, st.floats(-1e6, 1e6))
def test_moving_all_times_moves_only_the_times(name, payload, standing, shift):
    policy = builtin.POLICIES[name]
    before = policy(event(**payload), standing)
    moved = policy(
        replace(event(**payload), at=NOW + shift), replace(standing, now=NOW + shift)
    )
    if before.until is not None:
        assert moved.until == pytest.approx(before.until + shift)
    assert replace(moved, until=None) == replace(before, until=None)
