"""Run checks once, in this process, all at the same time; nothing is written."""

from __future__ import annotations

import time
from typing import Any

from agent2 import plugins
from agent2.core.model import Code, Facet, Finding, Observation, Outcome
from agent2.host.reactor import Reactor
from agent2.plan.values import PluginPlan, TargetPlan

_SPARE = 5.0  # seconds after the longest deadline; only a broken plugin needs them


def probe(
    chosen: list[tuple[TargetPlan, tuple[PluginPlan, ...]]], state_dir: str
) -> list[list[Observation]]:
    """Run the given checks of each target; return their observations, in order."""
    reactor = Reactor()
    seen: list[list[Observation | None]] = [[None] * len(c) for _, c in chosen]

    async def everything() -> None:
        await reactor.gather(
            *(
                _one(reactor, target, check, state_dir, seen[row], column)
                for row, (target, checks) in enumerate(chosen)
                for column, check in enumerate(checks)
            )
        )
        reactor.stop()

    longest = max((target.timeout for target, _ in chosen), default=0.0)
    reactor.call_at(reactor.now() + longest + _SPARE, reactor.stop)
    reactor.spawn(everything(), "check")
    try:
        reactor.run()
    finally:
        reactor.close()
    return [
        [
            got or _stamp(check, Facet.HEALTH, _error("gave no answer"), 0.0)
            for got, check in zip(row, checks, strict=True)
        ]
        for row, (_, checks) in zip(seen, chosen, strict=True)
    ]


async def _one(
    reactor: Reactor,
    target: TargetPlan,
    check: PluginPlan,
    state_dir: str,
    row: list[Observation | None],
    column: int,
) -> None:
    begun = reactor.now()
    facet = Facet.HEALTH
    try:
        made: Any = plugins.check(check.kind, check.options, state_dir, keeps=False)
        facet = made.facet
        finding: Finding = await made.probe(reactor, begun + target.timeout)
    except Exception as error:
        # The one place where a plugin's bug becomes a finding.
        finding = _error(f"{type(error).__name__} in the check itself")
    row[column] = _stamp(check, facet, finding, reactor.now() - begun)


def _error(detail: str) -> Finding:
    return Finding(Outcome.ERROR, Code.INTERNAL, detail)


def _stamp(
    check: PluginPlan, facet: Facet, finding: Finding, spent: float
) -> Observation:
    return Observation(check.name, check.kind, facet, finding, time.time(), spent)
