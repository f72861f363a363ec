"""What a policy may know beside the event, as a value."""

from __future__ import annotations

from enum import Enum

from agent2.core.events import Gate
from agent2.core.value import value


class Mode(Enum):
    """How much happens without a person."""

    INTERACTIVE = "interactive"
    ASSISTED = "assisted"
    AUTONOMOUS = "autonomous"


@value
class Redlines:
    """What must not happen, whoever asks.

    Attributes:
        own_names: Subjects that are Agent2 itself.
        commands: The programs that may be run; None: the configuration has no list.
        frozen: Whether now is in a window in which nothing is changed.
        frozen_reason: Why, in words.
    """

    own_names: tuple[str, ...] = ()
    commands: tuple[str, ...] | None = None
    frozen: bool = False
    frozen_reason: str = ""


@value
class Standing:
    """How things stand when an event is judged.

    Attributes:
        now: Epoch seconds.
        gates: Those of the event's subject and of all subjects (``*``).
        max_retries: How often what failed may be tried again.
    """

    now: float
    mode: Mode = Mode.ASSISTED
    gates: tuple[Gate, ...] = ()
    redlines: Redlines = Redlines()
    max_retries: int = 3
