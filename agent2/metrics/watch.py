"""The targets and their checks by name: the same at each scrape."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate

from agent2.metrics.family import Rows

_Texts = tuple[str, ...]
STATES = ("ok", "warn", "down", "unknown")
MOST = 5_000  # targets x checks; beyond it there are no series per target
ACTIVE = {"ok": "active", "warn": "degraded", "down": "down"}


class Watch:
    """The targets and their checks by name; kept from one scrape to the next.

    Attributes:
        names, known: Of the targets; of the targets with that of each check.
        spans: Of each target, where its checks begin and end among all of them.
        targets, states, checks: Rows of the labels target; target, state; target,
            check.
        fine, failed: Of the labels target, check, result: ok alone, fail alone.
        critical: Of the labels target, severity; that severity alone.
        asked: Of the labels kind, target, code: checks that were ok.
    """

    def __init__(self, names: _Texts, checks: _Texts, many: tuple[int, ...]) -> None:
        """*checks* are the names of all checks, *many* how many each target has."""
        self.names = names
        ends = list(accumulate(many))
        self.spans = list(zip([0, *ends], ends, strict=False))
        self.targets = Rows([(name,) for name in names])
        self.states = Rows([(name, word) for name in names for word in STATES])
        owners = [name for name, n in zip(names, many, strict=True) for _ in range(n)]
        pairs = list(zip(owners, checks, strict=True))
        self.checks, self.known = Rows(pairs), frozenset(pairs)
        self.fine = Rows([(*pair, "ok") for pair in pairs])
        self.failed = Rows([(*pair, "fail") for pair in pairs])
        self.critical = Rows([(name, "critical") for name in names])
        self.asked = Rows([("check", name, "ok") for name in names])
        self._told: tuple[list[str], list[int], Rows] = [], [], Rows([])
        self.is_too_much = len(pairs) > MOST or len(names) > MOST

    def sums(self, counts: list[int]) -> list[int]:
        """Return for each target the sum of *counts*, one of each of its checks."""
        below = [0, *accumulate(counts)]
        return [below[end] - below[begin] for begin, end in self.spans]

    def told(self, states: list[str]) -> tuple[list[int], Rows]:
        """Return 1 for each target's state, 0 for its others; rows of its word."""
        if self._told[0] != states:
            ones = [int(state == word) for state in states for word in STATES]
            pairs = zip(self.names, states, strict=True)
            active = [(name, ACTIVE.get(state, state)) for name, state in pairs]
            self._told = states, ones, Rows(active)
        return self._told[1:]


# By names, which are the same at each scrape; a reload makes another one.
watch_of = lru_cache(maxsize=4)(Watch)
