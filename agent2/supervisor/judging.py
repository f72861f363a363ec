"""Asks the policy of an event: ours here and now, any other in its own process."""

from __future__ import annotations

from agent2.core.rules import judge_by_rules
from agent2.core.standing import Mode, Redlines, Standing
from agent2.plan.events import EventsPlan, frozen_by
from agent2.store import gates
from agent2.supervisor.effects import is_decided
from agent2.supervisor.policies import Ruled
from agent2.supervisor.worker import PolicyError, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.core.events import Event
    from agent2.core.policies import Decision
    from agent2.core.routing import Router
    from agent2.store.database import Database
    from agent2.supervisor.thinker import Policy


class Judge:
    """Routes events to policies.

    Attributes:
        slowest: Type and seconds of the answer that took longest.
        took: Seconds of the last answer.
    """

    def __init__(
        self,
        router: Router,
        timeout: float,
        mono: Callable[[], float],
        stop: Callable[[], bool],
    ) -> None:
        """*timeout*: seconds that a policy that is not ours may take."""
        self._stop = stop
        self.router = router
        self.timeout = timeout
        self.slowest: tuple[str, float] = ("", 0.0)
        self.took = 0.0
        self._mono = mono
        self._workers: dict[int, Worker] = {}  # by id(): a policy need not hash

    def judge(
        self, event: Event, standing: Standing, hung: set[int]
    ) -> Decision | None:
        """Return the decision; None: nobody is asked, or nothing is said of it.

        A policy in *hung* is not asked; one that hangs is put there.

        Raises:
            PolicyError: its policy failed.
            Interrupted: somebody asked to stop.
        """
        policy = self.router.route(event.type)
        if is_decided(event):  # by the watcher, by all that is ours
            policy = policy.otherwise if isinstance(policy, Ruled) else policy
            policy = None if is_own(policy) else policy
        if isinstance(policy, Ruled):  # rules are ours, what stands behind may not be
            decision = judge_by_rules(policy.rules, event)
            if decision is not None:
                return decision
            policy = policy.otherwise
        if policy is None:
            return None
        if id(policy) in hung:
            why = "its policy hung a moment ago, so it was not asked"
            raise PolicyError(why, tried=False)
        began = self._mono()
        try:
            return self._ask(policy, event, standing)
        except PolicyError as error:
            if error.hung:
                hung.add(id(policy))
            raise
        finally:
            taken = self._mono() - began
            if taken > self.slowest[1]:
                self.slowest = (event.type, taken)

    def _ask(self, policy: Policy, event: Event, standing: Standing) -> Decision | None:
        if not is_own(policy):
            worker = self._workers.get(id(policy))
            if worker is None:
                worker = self._workers[id(policy)] = Worker(policy, self._stop)
            return worker.ask(event, standing, self.timeout)
        try:
            return policy(event, standing)
        except Exception as error:
            raise PolicyError(f"{type(error).__name__}: {error}") from None

    def close(self) -> None:
        """End the processes of policies."""
        for worker in self._workers.values():
            worker.end()
        self._workers.clear()


def is_own(policy: object) -> bool:
    """Is *policy* one of this package, which takes no time and does nothing?"""
    module = getattr(policy, "__module__", "") or ""
    outside = getattr(policy, "outside", False)
    return str(module).startswith("agent2.") and not outside


OWN_NAMES = ("agent2", "agent2_monitor")


class Standings:
    """Call it with a subject."""

    def __init__(
        self, db: Database, plan: EventsPlan, now: Callable[[], float]
    ) -> None:
        """*now* gives epoch seconds."""
        self.plan = plan
        self._db = db
        self._now = now

    def __call__(self, subject: str) -> Standing:
        """Return how things stand for *subject*.

        Raises:
            StoreError: its gates cannot be read.
        """
        now = self._now()
        window = frozen_by(self.plan.frozen, now)
        return Standing(
            now=now,
            mode=Mode(self.plan.mode),
            gates=gates.of(self._db, subject),
            redlines=Redlines(
                own_names=OWN_NAMES,
                commands=self.plan.commands or None,
                frozen=window != "",
                frozen_reason=f"frozen window {window}" if window else "",
            ),
            max_retries=self.plan.max_retries,
        )
