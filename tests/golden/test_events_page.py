"""The page about events names every type, decision, audit and gate there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent2.core import builtin, concerns, failures, gates, routing, rulings
from agent2.store import commands

PAGE = (Path(__file__).parents[2] / "docs" / "events.md").read_text(encoding="utf-8")
TYPES = {*builtin.POLICIES, *routing.ALIASES, *sum(routing.ALIASES.values(), ())}
TYPES |= {kind for kind, *_ in commands._VERBS.values()}
WORDS = {
    *TYPES,
    *(ruling.value for ruling in rulings.AUDIT),
    *(kind for kind, _ in rulings.AUDIT.values()),
    rulings.AUDIT_ERROR[0],
    *(gates.HELD | {gates.APPROVED, gates.AUTO_APPROVED} | gates.BEFORE_DEED),
    *(failures.PASSING | failures.LASTING),
    *(name for name, *_ in concerns._LIMITS),
}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_the_page_names(word):
    assert f"`{word}`" in PAGE or f"`{word} " in PAGE


def test_the_page_gives_the_limits_of_a_step():
    for name, limit, above, _ in concerns._LIMITS:
        assert f"`{name}` {'>' if above else '<'} {limit}" in PAGE
