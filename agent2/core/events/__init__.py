"""What comes through the one door, and what is decided of it, as values.

    Event --route--> policy(event, standing) --> Decision(ruling, reason, concerns …)

An event says that something is so; it never says what to do. The words (``TASK_…``,
``SUPERVISOR_…``, the rulings) are those of the user's documents.
"""

from __future__ import annotations

from agent2.core.value import value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


# Part of a payload: the watcher has judged this by the built-in policy and the rules,
# and did it; only policies of others may still say something, about what comes next.
DECIDED: dict[str, Any] = {"decided": True}


@value
class Event:
    """One fact.

    Attributes:
        id: Unique; made of the content when the sender gives none (``event_id``).
        source: By which way it came: ``eventbus``, ``polling``, ``watcher``, ``cli``.
        subject: What it is about: a target, an incident, a foreign task (``task_id``).
        type: ``TASK_CREATED``, ``TARGET_STATE_CHANGED`` …
        at: When it happened, epoch seconds by its sender.
        payload: A JSON object, parsed.
        retries: How often it was tried before.
    """

    id: str
    source: str
    subject: str
    type: str
    at: float
    payload: dict[str, Any]
    retries: int = 0


@value
class Gate:
    """Whether actions for a subject may go on.

    Attributes:
        subject: A target's name, any foreign id, or ``*`` for all of them.
        name: open_plan, pre_step, post_step, pre_publish; ``restart`` for targets.
        state: AWAITING_APPROVAL, APPROVED, REJECTED or AUTO_APPROVED.
        who: Who set it, as the program knows it (user name, policy name).
        at: Epoch seconds.
    """

    subject: str
    name: str
    state: str
    reason: str
    who: str
    at: float
