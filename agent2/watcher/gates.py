"""What bars restarts, held in memory: the gates of the store, the redlines of the plan.

The gates are read at the start, when a datagram says that one has changed, and twice a
minute: a restart never waits for a read.
"""

from __future__ import annotations

import os

from agent2.core.bars import Redlines, barred, closed
from agent2.plan_events import frozen_by
from agent2.store import gates

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from agent2.core.events import Gate
    from agent2.core.policies import Decision
    from agent2.host.clock import Clock
    from agent2.plan import Plan
    from agent2.watcher.memory import Memory
    from agent2.watcher.texts import Texts
    from agent2.watcher.watched import Watched


class Gates:
    """Answers ``bar()``. *changed* is called with the targets that it matters to."""

    def __init__(
        self,
        clock: Clock,
        state_dir: str,
        memory: Callable[[], Memory],
        texts: Callable[[], Texts],
        changed: Callable[[Watched], object],
    ) -> None:
        """Begin without a gate; ``take`` and ``look`` bring them."""
        self._clock = clock
        self._own = os.path.join(state_dir, "agent2.pid")
        self._memory = memory
        self._texts = texts
        self._changed = changed
        self._plan: Plan | None = None
        self._targets: Mapping[str, Watched] = {}
        self.rows: tuple[Gate, ...] = ()

    def use(self, plan: Plan, targets: Mapping[str, Watched]) -> None:
        """Take the redlines of *plan*."""
        self._plan = plan
        self._targets = targets

    def take(self, rows: tuple[Gate, ...]) -> None:
        """Take the gates as the store has them; nothing is said of what is not new."""
        self.rows = rows

    def paused(self, name: str) -> Gate | None:
        """Return the gate that holds the target *name*."""
        return closed(name, self.rows) if self.rows else None

    def bar(self, watched: Watched) -> Decision | None:
        """Return why *watched* may not be restarted now, or None."""
        plan = self._plan
        events = None if plan is None else plan.events
        window = ""
        commands: tuple[str, ...] = ()
        if events is not None and (events.frozen or events.commands):
            window = frozen_by(events.frozen, self._clock.wall())
            commands = events.commands
        own = watched.pid_file == self._own
        if not (self.rows or window or commands or own):
            return None
        redlines = Redlines(own, commands, window)
        return barred(watched.name, watched.program, redlines, self.rows)

    async def look(self) -> None:
        """Read them anew; what changed is said, shown, and acted on at once."""
        found = await self._memory().read(gates.all_of)
        if found is None or found == self.rows:
            return
        before, self.rows = self.rows, found
        for watched in tuple(self._targets.values()):
            old, new = closed(watched.name, before), closed(watched.name, found)
            if (old is None) == (new is None):
                continue
            self._say(watched.name, old, new)
            self._changed(watched)

    def _say(self, target: str, old: Gate | None, new: Gate | None) -> None:
        texts = self._texts()
        if new is not None:
            note = f"{new.reason or new.state} ({new.who})"
            texts.say("WARNING", "gate_closed", target=target, note=note)
        elif old is not None:
            texts.say("INFO", "gate_opened", target=target)
