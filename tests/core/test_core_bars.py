"""What bars a restart: redlines, gates, the run mode, and rules that forbid more."""

from __future__ import annotations

import pytest

from agent2.core.bars import barred
from agent2.core.events import Event, Gate
from agent2.core.policies import Ruling
from agent2.core.rules import Condition, Rule
from agent2.core.standing import Mode, Redlines, Standing
from agent2.core.value import replace

NOW = 1_700_000_000.0
WISH = Event(
    "ev-web", "watcher", "web", "ACTION_REQUESTED", NOW, {"command": ["/bin/x"]}
)
FREE = Standing(NOW)


def gate(state, subject="web", name="restart"):
    return Gate(subject, name, state, "Manual test", "mia", NOW)


def rule(then, value="web"):
    return Rule("mine", (Condition("subject", "eq", value),), then, "ask Mia")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"gates": (gate("AWAITING_APPROVAL"),)}, "paused"),
        ({"gates": (gate("AWAITING_APPROVAL", "*"),)}, "paused"),
        ({"gates": (gate("AWAITING_APPROVAL", name="open_plan"),)}, "paused"),
        ({"gates": (gate("AWAITING_APPROVAL", "other"),)}, None),
        ({"gates": (gate("REJECTED"),)}, "blocked"),
        ({"gates": (gate("APPROVED"),)}, None),
        ({"gates": (gate("APPROVED"), gate("REJECTED", "*"))}, "blocked"),
        ({"redlines": Redlines(commands=("/bin/y",))}, "blocked"),
        ({"redlines": Redlines(commands=("/bin/x",))}, None),
        ({"redlines": Redlines(own_names=("web",))}, "blocked"),
        ({"redlines": Redlines(frozen=True, frozen_reason="by night")}, "paused"),
        ({"mode": Mode.INTERACTIVE}, "paused"),
        ({"mode": Mode.INTERACTIVE, "gates": (gate("APPROVED"),)}, None),
        ({"mode": Mode.AUTONOMOUS, "gates": (gate("REJECTED"),)}, "blocked"),
    ],
)
def test_what_stands_in_the_way_is_named_in_one_word(change, reason):
    bar = barred(WISH, replace(FREE, **change))

    assert (None if bar is None else bar.reason) == reason


def test_the_first_concern_says_whose_pause_it_is():
    bar = barred(WISH, replace(FREE, gates=(gate("AWAITING_APPROVAL"),)))

    assert bar.ruling is Ruling.PAUSE
    assert bar.until is None
    said = bar.concerns[0]
    assert said.description == "AWAITING_APPROVAL: Manual test (mia)"
    assert said.id == "ev-web/paused"


@pytest.mark.parametrize(
    ("then", "reason"),
    [
        (Ruling.ALLOW, None),
        (Ruling.RETRY, None),
        (Ruling.PAUSE, "paused"),
        (Ruling.REQUIRE_REVIEW, "paused"),
        (Ruling.BLOCK, "blocked"),
    ],
)
def test_a_rule_can_forbid_more_and_never_less(then, reason):
    bar = barred(WISH, FREE, (rule(then),))
    assert (None if bar is None else bar.reason) == reason
    assert bar is None or bar.concerns[0].description == "ask Mia"

    held = barred(WISH, replace(FREE, gates=(gate("REJECTED"),)), (rule(then),))
    assert held.reason == "blocked"
    assert "Manual test" in held.concerns[0].description


def test_a_rule_of_another_subject_bars_nothing():
    assert barred(WISH, FREE, (rule(Ruling.BLOCK, "other"),)) is None
