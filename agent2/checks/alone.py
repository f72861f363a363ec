"""One look at a time in a thread: a disk that hangs must not gather threads."""

from __future__ import annotations

from agent2.checks.net import ProbeError
from agent2.core.model import Code, Outcome

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    from agent2.host.reactor import Reactor

    T = TypeVar("T")


class Alone:
    """What a check asks its thread through; one for each check."""

    __slots__ = ("_busy",)

    def __init__(self) -> None:
        """Nothing runs yet."""
        self._busy = False

    async def run(
        self, reactor: Reactor, call: Callable[..., T], *args: Any, deadline: float
    ) -> T:
        """Run *call* in a thread and wait for it until *deadline*.

        Raises:
            ProbeError: it is not done in time, or the last one still is at it: our
                own trouble.
            Exception: what *call* raised.
        """
        if self._busy:
            raise _trouble("the last look has not come to its end")

        def work() -> T:
            try:
                return call(*args)
            finally:
                self._busy = False

        self._busy = True
        try:
            return await reactor.thread(work, deadline=deadline)
        except TimeoutError:
            raise _trouble("no answer in time") from None
        except RuntimeError:  # no thread could be started
            self._busy = False
            raise


def _trouble(what: str) -> ProbeError:
    return ProbeError(Code.INTERNAL, f"cannot look: {what}", Outcome.ERROR)
