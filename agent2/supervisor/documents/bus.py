"""The bus of one process and its way into the inbox, under the documents' names."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any

from agent2.core import events as core
from agent2.store import utc
from agent2.supervisor import phrases
from agent2.supervisor.bus import EventBus
from agent2.supervisor.documents.inbox import log, push

if TYPE_CHECKING:
    import os

    from agent2.supervisor.documents.running import SupervisorService

_BUS = EventBus(log)


def get_event_bus() -> EventBus:
    """Return the one bus of this process."""
    return _BUS


class EventType(StrEnum):
    """The types of the documents; any other text is a type as well."""

    TASK_CREATED = "TASK_CREATED"
    TASK_STEP_COMPLETED = "TASK_STEP_COMPLETED"
    TASK_FAILED = "TASK_FAILED"
    TASK_STATE_CHANGED = "TASK_STATE_CHANGED"


@dataclass
class Event:
    """What is published: *entity* has an ``id``, *ts* is an ISO time."""

    type: EventType | str
    entity: Any
    ts: str = ""
    payload: dict[str, Any] = field(default_factory=dict)
    id: str = ""


class SupervisorSubscriber:
    """Puts what is published into the inbox, and wakes the supervisor."""

    def __init__(
        self, supervisor: SupervisorService, db_path: str | os.PathLike[str]
    ) -> None:
        self._supervisor = supervisor
        self._db_path = db_path

    def subscribe(self) -> None:
        """Take what is published from now on."""
        _BUS.subscribe(self.on_event)
        log("INFO", phrases.SUBSCRIBED)

    def unsubscribe(self) -> None:
        """Take no more."""
        _BUS.unsubscribe(self.on_event)

    def on_event(self, event: Event | core.Event) -> None:
        """Put one event in.

        Raises:
            StoreError: it could not be written; the bus says so in the log.
            ValueError: it cannot come in, and why.
        """
        fact = event if isinstance(event, core.Event) else _fact(event)
        told = {"type": fact.type, "subject": fact.subject}
        log("DEBUG", phrases.RECEIVED.format(**told))
        if push(self._db_path, fact):
            self._supervisor.wake("eventbus")


def setup_supervisor_subscription(
    supervisor: SupervisorService, db_path: str | os.PathLike[str]
) -> SupervisorSubscriber:
    """Subscribe the inbox at *db_path* to the bus of this process."""
    made = SupervisorSubscriber(supervisor, db_path)
    made.subscribe()
    log("INFO", phrases.SET_UP)
    return made


def _fact(event: Event) -> core.Event:
    at = utc.seconds(event.ts) if event.ts else time.time()
    if at is None:
        raise ValueError(f"ts is no time: {event.ts!r}")
    kind = event.type.value if isinstance(event.type, Enum) else event.type
    subject = str(getattr(event.entity, "id", event.entity))
    return core.Event(event.id, "eventbus", subject, str(kind), at, event.payload)
