"""What was asked for and is not over: orders that lie there, restarts that run."""

from __future__ import annotations

from agent2.core.alerting import BY_HAND, REASONS
from agent2.plugins import Order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.core.effects import RequestRestart
    from agent2.host.clock import Clock
    from agent2.watcher.watched import Watched


class Outstanding:
    """The orders of one state folder, as their actions know them."""

    def __init__(self, clock: Clock, state_dir: str) -> None:
        """Nothing runs yet."""
        self._clock = clock
        self._state_dir = state_dir
        self._busy: set[str] = set()  # targets whose restart runs at this moment

    def order(self, watched: Watched, wish: RequestRestart | None = None) -> Order:
        """Return the order for *wish*, or one that stands for the outstanding order."""
        state = watched.state
        if wish is None:
            facts = (state.action or "", watched.name, state.incident or "", 0)
            seen = (state.facet, state.code, state.detail, state.action_at)
        else:
            facts = (wish.action, wish.target, wish.incident, wish.attempt)
            seen = (wish.facet, wish.code, wish.detail, wish.at)
        facet, code, detail, at = seen
        return Order(
            *facts,
            reason=BY_HAND if wish is not None and wish.by_hand else REASONS[facet],
            code=code.value,
            detail=detail,
            at=self._clock.stamp(at),
            state_dir=self._state_dir,
            primary=watched.plan.primary,
        )

    def pending(self, watched: Watched) -> bool:
        """Does an order lie there that nobody took up?"""
        order = self.order(watched)
        return any(action.pending(order) for action in watched.actions)

    def busy(self, watched: Watched) -> bool:
        """Does a restart of it still run? Two at a time would undo each other."""
        return watched.name in self._busy
