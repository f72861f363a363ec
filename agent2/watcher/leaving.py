"""Targets that a reload, or a start with another plan, took out of the watch."""

from __future__ import annotations

from agent2.core.effects import ResolveIncident, WithdrawRestart
from agent2.core.leaving import leave
from agent2.core.model import Policy
from agent2.plan.values import PluginPlan, TargetPlan
from agent2.watcher.watched import Watched

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from agent2.core.model import TargetState
    from agent2.host.clock import Clock
    from agent2.watcher.deeds import Deeds
    from agent2.watcher.executor import Writer
    from agent2.watcher.memory import Memory
    from agent2.watcher.telling import Telling
    from agent2.watcher.texts import Texts

    class Parts(Protocol):
        """What of the agent is needed here."""

        clock: Clock
        deeds: Deeds
        memory: Memory
        telling: Telling
        texts: Texts
        writer: Writer


def orphan(parts: Parts, name: str, state: TargetState) -> Watched:
    """Return a target of an earlier run that the plan has no more, as far as known.

    Whether it was the primary one only its order, if it lies there, can tell.
    """
    order = (PluginPlan("signal_file", "signal_file", {}),)
    found = Watched(TargetPlan(name, (), order, Policy(), primary=True))
    found.state = state
    if not parts.deeds.pending(found):
        found = Watched(TargetPlan(name, (), order, Policy()))
        found.state = state
    return found


async def say_goodbye(parts: Parts, watched: Watched) -> None:
    """Close what was told of *watched*, which is in the plan no more."""
    pending = watched.state.action is not None and parts.deeds.pending(watched)
    policy, now = watched.policy, parts.clock.now()
    step = leave(watched.name, policy, watched.state, now, pending=pending)
    watched.state = step.state
    if not step.effects:
        return
    await parts.memory.commit(parts.writer.write(watched, step, []))
    for effect in step.effects:
        if isinstance(effect, ResolveIncident):
            parts.telling.resolved(effect)
        elif isinstance(effect, WithdrawRestart):
            parts.deeds.withdraw(watched, effect)
    parts.texts.say("INFO", "left", target=watched.name)
