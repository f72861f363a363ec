"""Policies and their router, under the documents' names."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from agent2.core import builtin
from agent2.core.policies import Decision as Ours
from agent2.core.routing import Router
from agent2.core.standing import Standing
from agent2.supervisor import frames
from agent2.supervisor.documents.models import frame, ours, theirs, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.core.events import Event
    from agent2.core.routing import Policy
    from agent2.supervisor.documents.models import Decision, SupervisorEvent


class BasePolicy:
    """A policy of the documents: override ``evaluate``."""

    def __init__(self, db_path: object = None) -> None:
        """*db_path* is taken and not needed."""
        self.db_path = db_path

    def evaluate(self, event: SupervisorEvent, cursor: Any) -> Decision | None:
        """Return the decision on *event*, or None for none."""
        raise NotImplementedError


class _Own(BasePolicy):
    """One of the policies that are there from the start."""

    policy: Policy

    def evaluate(self, event: SupervisorEvent, cursor: Any = None) -> Decision | None:
        """Return the decision on *event*, with no gates and no redlines known."""
        del cursor
        found = type(self).policy(ours(event), Standing(time.time()))
        return None if found is None else told(found)


class OnTaskCreatedPolicy(_Own):
    """Redlines and findings before a task begins."""

    policy = staticmethod(builtin.created)


class OnStepCompletedPolicy(_Own):
    """The numbers of a step after it."""

    policy = staticmethod(builtin.step_completed)


class OnTaskFailedPolicy(_Own):
    """Whether what failed is tried again."""

    policy = staticmethod(builtin.failed)


class NoCursor:
    """Stands where the documents give a policy a cursor: there is none to give."""

    def __getattr__(self, name: str) -> Any:
        """Say so.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            f"cursor.{name}: a policy runs apart from the store; what it must know "
            "belongs into the payload, what it wants done into its actions"
        )


class Foreign:
    """A policy that somebody else wrote; it runs in a process that can be ended."""

    outside = True

    def __init__(self, policy: Any) -> None:
        """Keep *policy*: an object with ``evaluate``, or a function."""
        self.evaluate: Callable[..., Any] = getattr(policy, "evaluate", policy)

    def __call__(self, event: Event, standing: Standing) -> Any:
        """Return its decision as ``frames.packed`` takes it."""
        del standing
        found = self.evaluate(theirs(event), NoCursor())
        return found if found is None or isinstance(found, Ours) else frame(found)


class PolicyRouter:
    """Which policy judges which type: a name, ``PREFIX*``, ``*SUFFIX``, a default."""

    def __init__(self) -> None:
        self.router = Router()

    def register(self, event_type: str, policy: Any) -> None:
        """Let *policy* judge the events of *event_type*.

        Raises:
            ValueError: it is neither a name nor a pattern.
        """
        own = isinstance(policy, _Own)
        made = type(policy).policy if own else Foreign(policy)
        self.router.register(str(event_type), made)

    def register_default(self, policy: Any) -> None:
        """Let *policy* judge whatever nobody else does."""
        self.register("*", policy)

    def route(self, event: SupervisorEvent, cursor: Any = None) -> Decision | None:
        """Return the decision on *event*, made here and now; nothing is written.

        Raises:
            ValueError: the event's time is none, or its policy decides nothing known.
        """
        del cursor
        fact = ours(event)
        policy = self.router.route(fact.type)
        if policy is None:
            return None
        found: Any = policy(fact, Standing(time.time()))
        if isinstance(found, dict):
            found = frames.decision_of(found)
        return None if found is None else told(found)
