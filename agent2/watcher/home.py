"""Is the state folder still ours? Nobody watches on unseen.

A watcher whose PID file is gone cannot be found or stopped any more, and a second one
may start beside it: both would write to one store and tell people twice.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.host.instance import Instance

_GAP = 1.0  # seconds between two looks, however many targets there are


class Home:
    """Asked before each cycle; *lost* is called once when the answer is no."""

    def __init__(
        self,
        instance: Instance,
        now: Callable[[], float],
        lost: Callable[[], object],
    ) -> None:
        """*now* gives reactor time."""
        self._instance = instance
        self._now = now
        self._lost = lost
        self._looked = float("-inf")
        self.gone = False

    def ours(self) -> bool:
        """May we go on?"""
        now = self._now()
        if not self.gone and now - self._looked >= _GAP:
            self._looked = now
            if self._instance.lost():
                self.gone = True
                self._lost()
        return not self.gone
