"""Which policy judges which type of event."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from agent2.core.events import Event
    from agent2.core.policies import Decision
    from agent2.core.standing import Standing

    Policy: TypeAlias = Callable[[Event, Standing], Decision | None]

# The word of the user's documents and Agent2's own words for the same.
ALIASES: dict[str, tuple[str, ...]] = {
    "TASK_CREATED": ("TARGET_ADDED",),
    "TASK_STEP_COMPLETED": ("CHECK_COMPLETED",),
    "TASK_FAILED": ("CHECK_FAILED", "ACTION_FAILED", "ALERT_FAILED"),
    "TASK_STATE_CHANGED": ("TARGET_STATE_CHANGED",),
}
_OTHERS = ALIASES | {own: (task,) for task, words in ALIASES.items() for own in words}


def synonyms(type: str) -> tuple[str, ...]:  # noqa: A002  (the word of Event)
    """Return the other words for *type*, the likeliest first."""
    return _OTHERS.get(type, ())


class Router:
    """Policies by type: a name, its alias, ``PREFIX*``, ``*SUFFIX``, ``*``.

    The first of these that was registered wins; of several prefixes (or suffixes)
    the longest. What was registered last under a pattern replaces what stood there.
    """

    __slots__ = ("_names", "_prefixes", "_suffixes")

    def __init__(self) -> None:
        self._names: dict[str, Policy] = {}
        self._prefixes: dict[str, Policy] = {}
        self._suffixes: dict[str, Policy] = {}

    def register(self, pattern: str, policy: Policy) -> None:
        """Let *policy* judge the types that *pattern* names.

        Raises:
            ValueError: the pattern is empty or has a star that is not at one end.
        """
        bare = pattern.strip("*")
        if "*" in bare or not pattern or len(pattern) > len(bare) + 1:
            raise ValueError(
                f"{pattern!r} is no pattern of event types: use NAME, PREFIX*, *SUFFIX"
                " or *"
            )
        if pattern == bare:
            self._names[pattern] = policy
        elif pattern[-1] == "*":
            self._prefixes[bare] = policy
        else:
            self._suffixes[bare] = policy

    def route(self, type: str) -> Policy | None:  # noqa: A002
        """Return the policy for events of *type*, or None: nobody judges them."""
        for name in (type, *synonyms(type)):
            if name in self._names:
                return self._names[name]
        ends = (
            *((type[:n], self._prefixes) for n in range(len(type), 0, -1)),
            *((type[n:], self._suffixes) for n in range(len(type))),
        )
        for part, policies in ends:
            if part in policies:
                return policies[part]
        return self._prefixes.get("")

    def patterns(self) -> tuple[str, ...]:
        """Return what is registered: names, prefixes, suffixes, each in its order."""
        return (
            *sorted(self._names),
            *(f"{prefix}*" for prefix in sorted(self._prefixes)),
            *(f"*{suffix}" for suffix in sorted(self._suffixes)),
        )
