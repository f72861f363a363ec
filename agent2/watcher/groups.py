"""Targets that do one work together, as the running watcher holds them.

Loaded with the first group: who has none does not pay.
"""

from __future__ import annotations

from agent2.core import groups

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from agent2.core.model import Policy
    from agent2.core.policies import Decision
    from agent2.watcher.outstanding import Outstanding
    from agent2.watcher.watched import Watched


class Group:
    """The members of one group, in the order of the configuration."""

    def __init__(self, name: str, least: int) -> None:
        """Begin without a member; *least* of them must be well."""
        self.name = name
        self.least = least
        self.members: list[Watched] = []

    def policy(self, watched: Watched) -> Policy:
        """Return the policy of *watched* as the others' health lets it count."""
        others = [each.state for each in self.members if each is not watched]
        return groups.softened(watched.plan.policy, others, self.least)

    def bar(
        self, watched: Watched, now: float, deeds: Outstanding, *, pending: bool
    ) -> Decision | None:
        """Return why *watched* must wait for its turn, or None.

        *pending*: an order of its own lies there; its turn has come already.
        """
        if pending:
            return None
        for each in self.members:
            if each is not watched and self._restarts(each, now, deeds):
                return groups.in_turn(each.name, watched.name)
        return None

    @staticmethod
    def _restarts(each: Watched, now: float, deeds: Outstanding) -> bool:
        if deeds.busy(each) or groups.is_restarting(each.plan.policy, each.state, now):
            return True
        return each.state.action is not None and deeds.pending(each)

    def fails(self) -> bool:
        """Must what depends on it wait?"""
        return groups.fails([each.state for each in self.members], self.least)

    def word(self, words: Callable[[Watched], str]) -> str:
        """Return the state word of all; *words* gives that of each."""
        states = [each.committed for each in self.members]
        return groups.group_word(states, list(map(words, self.members)), self.least)

    def failures(self) -> int:
        """Return the consecutive failures of the member that has most."""
        return max(each.committed.failures for each in self.members)

    def oldest_look(self) -> float | None:
        """Return when every member had been looked at; None while one was not."""
        looks = [each.last_check for each in self.members]
        known = [at for at in looks if at is not None]
        return min(known) if len(known) == len(looks) else None

    def entry(self, words: Callable[[Watched], str]) -> dict[str, Any]:
        """Return the group as the status shows it."""
        return {
            "name": self.name,
            "state": self.word(words),
            "min_healthy": self.least,
            "members": [each.name for each in self.members],
        }


def join(targets: Mapping[str, Watched]) -> None:
    """Put the *targets* of each group together."""
    found: dict[str, Group] = {}
    for watched in targets.values():
        name = watched.plan.group
        if name:
            group = found.setdefault(name, Group(name, watched.plan.min_healthy))
            group.members.append(watched)
            watched.group = group
