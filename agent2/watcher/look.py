"""One look at one target: its checks at once, each under one total deadline."""

from __future__ import annotations

from agent2.core.model import (
    Code,
    Facet,
    Finding,
    Judgement,
    Observation,
    Outcome,
    Verdict,
)
from agent2.core.text import one_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor
    from agent2.plugins import Check

    Checks = tuple[tuple[str, Check], ...]

# A check that ends this long after its deadline did not overrun: we stood still.
_FROZEN = 1.0


async def look(
    checks: Checks, reactor: Reactor, clock: Clock, deadline: float
) -> tuple[Observation, ...]:
    """Run all of *checks* until *deadline* (reactor time); return what they saw."""
    if len(checks) == 1:  # there is nothing to gather
        name, check = checks[0]
        return (await _observe(name, check, reactor, clock, deadline),)
    tasks = await reactor.gather(
        *(_observe(name, check, reactor, clock, deadline) for name, check in checks)
    )
    return tuple(task.result for task in tasks)


async def _observe(
    name: str, check: Check, reactor: Reactor, clock: Clock, deadline: float
) -> Observation:
    began = reactor.now()
    try:
        finding = await check.probe(reactor, deadline)
    except Exception as error:
        # A bug in a check is our trouble: it says nothing of the target.
        detail = one_line(f"{type(error).__name__}: {error}", 200)
        finding = Finding(Outcome.ERROR, Code.INTERNAL, detail)
    ended = reactor.now()
    return Observation(
        name, check.kind, check.facet, finding, clock.steady(ended), ended - began
    )


def stood_still(now: float, deadline: float, slept: float) -> Judgement | None:
    """Return an UNKNOWN judgement if the agent itself was stopped during a cycle.

    *slept* seconds of machine sleep, or an end long after the *deadline*: what was
    measured then is our own gap and says nothing of the target.
    """
    late = now - deadline
    if slept <= 0.0 and late < _FROZEN:
        return None
    detail = f"the agent stood still for {max(slept, late):.1f} s"
    return Judgement(Verdict.UNKNOWN, Facet.HEALTH, Code.AGENT_GAP, detail)
