"""What the observations of one cycle say together."""

from __future__ import annotations

from itertools import permutations

import pytest

from agent2.core.judgement import judge
from agent2.core.model import (
    Code,
    Facet,
    Finding,
    Judgement,
    Observation,
    Outcome,
    Verdict,
)

FACETS = {"process": Facet.PROCESS, "port": Facet.PORT, "health": Facet.HEALTH}
FINDINGS = {
    "ok": Finding(Outcome.OK, Code.OK, "well"),
    "slow": Finding(Outcome.OK, Code.SLOW, "slow"),
    "fail": Finding(Outcome.FAIL, Code.REFUSED, "refused"),
    "error": Finding(Outcome.ERROR, Code.INTERNAL, "ours"),
}


def seen(text):
    """``process:fail`` as an observation."""
    facet, finding = text.split(":")
    return Observation(facet, "any", FACETS[facet], FINDINGS[finding], 1.0, 0.1)


@pytest.mark.parametrize(
    ("cycle", "verdict", "blamed"),
    [
        ("process:ok", Verdict.GOOD, ""),
        ("process:ok port:ok health:ok", Verdict.GOOD, ""),
        ("process:fail", Verdict.BAD, "process"),
        ("port:fail", Verdict.BAD, "port"),
        ("health:fail", Verdict.BAD, "health"),
        ("process:fail port:fail health:fail", Verdict.BAD, "process"),
        ("process:ok port:fail health:fail", Verdict.BAD, "port"),
        ("process:ok port:ok health:fail", Verdict.BAD, "health"),
        ("process:error port:fail", Verdict.BAD, "port"),
        ("process:fail port:error", Verdict.BAD, "process"),
        ("process:error port:ok", Verdict.UNKNOWN, "process"),
        ("process:ok port:error health:slow", Verdict.UNKNOWN, "port"),
        ("process:ok health:slow", Verdict.DEGRADED, "health"),
        ("process:slow health:ok", Verdict.DEGRADED, "process"),
        ("port:fail health:slow", Verdict.BAD, "port"),
    ],
)
def test_a_failure_speaks_first_then_our_own_trouble_then_a_warning(
    cycle, verdict, blamed
):
    for order in permutations(cycle.split()):
        judgement = judge([seen(text) for text in order])

        assert (judgement.verdict, judgement.check) == (verdict, blamed)


def test_a_cycle_without_any_observation_says_nothing():
    assert judge(()) == Judgement(
        Verdict.UNKNOWN, Facet.HEALTH, Code.INTERNAL, "no check ran"
    )


def test_two_failures_of_one_facet_are_told_in_the_order_of_the_checks():
    first, second = (
        Observation(name, "tcp", Facet.PORT, FINDINGS["fail"], 1.0, 0.1)
        for name in "ab"
    )

    assert judge((first, second)).check == "a"


def test_a_verdict_names_its_facet_code_detail_and_check():
    judgement = judge([seen("process:ok"), seen("port:fail")])

    assert judgement == Judgement(
        Verdict.BAD, Facet.PORT, Code.REFUSED, "refused", "port"
    )


@pytest.mark.parametrize("other", ["ok", "slow", "fail", "error"])
def test_the_first_response_time_and_identity_are_kept_whatever_the_verdict(other):
    def answer(name, seconds, identity):
        finding = Finding(Outcome.OK, Code.OK, "", seconds, (), identity)
        return Observation(name, "any", Facet.HEALTH, finding, 1.0, 0.1)

    judgement = judge(
        [
            seen(f"port:{other}"),
            answer("none", None, None),
            answer("zero", 0.0, ""),
            answer("later", 9.0, "8:1"),
        ]
    )

    assert (judgement.response_s, judgement.identity) == (0.0, "")


def test_a_good_verdict_blames_nothing():
    judgement = judge([seen("port:ok")])

    assert judgement == Judgement(Verdict.GOOD)
    assert (judgement.facet, judgement.code) == (Facet.HEALTH, Code.OK)
