"""Ties an in-process bus to the inbox."""

from __future__ import annotations

from agent2.core.value import replace
from agent2.supervisor import phrases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.core.events import Event
    from agent2.supervisor.bus import EventBus
    from agent2.supervisor.inlet import Inlet

SOURCE = "eventbus"


class Subscription:
    """What is published goes into the inbox; ``close`` ends it."""

    def __init__(
        self, bus: EventBus, inlet: Inlet, log: Callable[[str, str], object]
    ) -> None:
        """Subscribe at once."""
        self._bus = bus
        self._inlet = inlet
        self._log = log
        bus.subscribe(self._take)
        log("INFO", phrases.SUBSCRIBED)
        log("INFO", phrases.SET_UP)

    def _take(self, event: Event) -> None:
        told = {"type": event.type, "subject": event.subject}
        self._log("DEBUG", phrases.RECEIVED.format(**told))
        self._inlet.push((replace(event, source=SOURCE),))

    def close(self) -> None:
        """Take no more."""
        self._bus.unsubscribe(self._take)
