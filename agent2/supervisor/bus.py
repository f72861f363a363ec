"""Events within one process: who publishes does not know who listens."""

from __future__ import annotations

from agent2.core.text import place
from agent2.supervisor import phrases

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from agent2.core.events import Event

    Subscriber: TypeAlias = Callable[[Event], object]


def _quiet(_level: str, _text: str) -> None:
    """Log nothing."""


class EventBus:
    """Calls every subscriber with every event, in the order of their coming."""

    def __init__(self, log: Callable[[str, str], object] = _quiet) -> None:
        """*log* is told of a subscriber that raises."""
        self._subscribers: list[Subscriber] = []
        self._log = log

    def subscribe(self, subscriber: Subscriber) -> None:
        """Have *subscriber* called from now on; once, however often it asks."""
        if subscriber not in self._subscribers:
            self._subscribers.append(subscriber)

    def unsubscribe(self, subscriber: Subscriber) -> None:
        """Call *subscriber* no more."""
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)

    def publish(self, event: Event) -> int:
        """Call everybody; one that raises stays subscribed and stops nobody else.

        Returns how many took it.
        """
        taken = 0
        for subscriber in tuple(self._subscribers):
            try:
                subscriber(event)
                taken += 1
            except Exception as error:
                name = getattr(subscriber, "__qualname__", type(subscriber).__name__)
                why = f"{type(error).__name__}: {error} ({place(error)})"
                self._log("ERROR", phrases.SUBSCRIBER.format(name=name, why=why))
        return taken
