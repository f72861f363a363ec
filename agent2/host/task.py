"""What the reactor is made of: a timer, a coroutine on its way, a poller."""

from __future__ import annotations

import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Generator
    from typing import Any

    from agent2.host.reactor import Reactor

    Arm = Callable[["Task"], None]


class Timer:
    """A call at a time; ``cancel`` makes it nothing."""

    __slots__ = ("call", "when")

    def __init__(self, when: float, call: Callable[[], object] | None) -> None:
        """Made by ``Reactor.call_at``."""
        self.when = when
        self.call = call

    def cancel(self) -> None:
        """Forget the call; its place in the heap falls away when its time comes."""
        self.call = None


class Suspend:
    """Awaited, it hands *arm* to the task, which waits until ``step`` is called."""

    __slots__ = ("arm",)

    def __init__(self, arm: Arm) -> None:
        self.arm = arm

    def __await__(self) -> Generator[Arm, Any, Any]:
        return (yield self.arm)


class Task:
    """A running coroutine. ``done``, then ``result`` or ``error``."""

    __slots__ = ("_coro", "_reactor", "done", "error", "name", "result", "waiter")

    def __init__(
        self, reactor: Reactor, coro: Coroutine[Arm, Any, Any], name: str
    ) -> None:
        """Made by ``Reactor.spawn``."""
        self._reactor = reactor
        self._coro = coro
        self.name = name
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self.waiter: Callable[[], object] | None = None

    def step(self, sent: Any = None, error: BaseException | None = None) -> None:
        """Run the coroutine until it waits again or ends."""
        try:
            if error is not None:
                arm = self._coro.throw(error)
            else:
                arm = self._coro.send(sent)
        except StopIteration as stop:
            self._end(stop.value, None)
        except Exception as raised:
            self._end(None, raised)
        else:
            self._arm(arm)

    def _arm(self, arm: Arm) -> None:
        """Begin to wait; what cannot be waited for is the coroutine's own error."""
        try:
            arm(self)
        except Exception as raised:
            refused = raised
            self._reactor.call_soon(lambda: self.step(error=refused))

    def _end(self, result: Any, error: BaseException | None) -> None:
        self.done, self.result, self.error = True, result, error
        if self.waiter is not None:
            self.waiter()
        elif error is not None:
            self._reactor.on_error(self.name, error)


class Poll:
    """``select.poll`` with the manners of ``select.epoll`` (seconds, close)."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self.register = self._poll.register
        self.unregister = self._poll.unregister

    def poll(self, timeout: float) -> list[tuple[int, int]]:
        """Wait *timeout* seconds for events."""
        return self._poll.poll(timeout * 1000.0)

    def close(self) -> None:
        """Do nothing: there is no descriptor."""
