"""The laws of docs/design.md that are a form of the code, and the tests that hold all."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import house_rules as rules
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "crash"))

from planted import FAULTS, spoiled  # noqa: E402

EFFECTS = rules.read(str(ROOT), "agent2/core/effects.py")
PLACES = ("agent2/watcher/executor.py", "agent2/watcher/deeds.py")


def union() -> set[str]:
    """Return the members of ``Effect``."""
    (alias,) = (
        node.value
        for node in ast.walk(rules.parsed(EFFECTS))
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "Effect"
    )
    return set(ast.unparse(alias).split(" | "))


def matched(text: str) -> list[str]:
    """Return the classes that the one ``match effect`` of *text* names."""
    (match,) = (
        node
        for node in ast.walk(rules.parsed(text))
        if isinstance(node, ast.Match) and ast.unparse(node.subject) == "effect"
    )
    named = (node for case in match.cases for node in ast.walk(case.pattern))
    return [ast.unparse(n.cls) for n in named if isinstance(n, ast.MatchClass)]


def test_every_value_of_the_effects_is_in_their_union():
    values = {
        node.name
        for node in rules.parsed(EFFECTS).body
        if isinstance(node, ast.ClassDef)
        and "value" in map(ast.unparse, node.decorator_list)
    }

    assert values - {"Step"} == union()


@pytest.mark.parametrize("place", PLACES)
def test_every_effect_is_matched_where_effects_are_carried_out(place):
    assert sorted(matched(rules.read(str(ROOT), place))) == sorted(union())


def test_an_effect_that_nobody_matches_is_seen():
    text = rules.read(str(ROOT), PLACES[0])

    assert set(matched(text.replace("case Prove():", "case Warn():"))) < union()


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_that_the_kill_tests_plant_still_fits_the_code(name):
    assert spoiled(name, ROOT / "agent2")
