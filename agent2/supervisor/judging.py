"""Asks the policy of an event: ours here and now, any other in its own process."""

from __future__ import annotations

from agent2.supervisor.worker import Interrupted, PolicyError, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from agent2.core.events import Event
    from agent2.core.policies import Decision
    from agent2.core.routing import Router
    from agent2.core.standing import Standing
    from agent2.supervisor.worker import Policy


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
        self._workers: dict[Policy, Worker] = {}

    def policy(self, event: Event) -> Policy | None:
        """Return which policy judges *event*."""
        return self.router.route(event.type)

    def judge(self, event: Event, standing: Standing) -> Decision | None:
        """Return the decision; None: nobody is asked, or nothing is said of it.

        Raises:
            PolicyError: its policy failed.
            Interrupted: somebody asked to stop.
        """
        policy = self.policy(event)
        if policy is None:
            return None
        began = self._mono()
        try:
            if is_own(policy):
                return policy(event, standing)
            worker = self._workers.setdefault(policy, Worker(policy, self._stop))
            return worker.ask(event, standing, self.timeout)
        except (PolicyError, Interrupted):
            raise
        except Exception as error:
            raise PolicyError(f"{type(error).__name__}: {error}") from None
        finally:
            self.took = self._mono() - began
            if self.took > self.slowest[1]:
                self.slowest = (event.type, self.took)

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
