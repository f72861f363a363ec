"""What each thread of ours does, for whoever sends SIGUSR1."""

from __future__ import annotations

import sys
from _thread import get_ident

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

_DEEPEST = 30  # calls of one thread that are told


def stacks() -> Iterator[str]:
    """Yield one line for each thread, the innermost call first."""
    for number, frame in sys._current_frames().items():
        calls: list[str] = []
        at: FrameType | None = frame
        while at is not None and len(calls) < _DEEPEST:
            code = at.f_code
            calls.append(f"{code.co_filename}:{at.f_lineno} {code.co_name}")
            at = at.f_back
        yield f"thread {number} {_name(number, calls[-1])}: " + " <- ".join(calls)


def _name(number: int, outermost: str) -> str:
    """Return what the documents call it: the loop, the writer, or who waits for it."""
    if number == get_ident():  # signals are heard by the loop
        return "taskExecutorScheduler"
    return "daemonScheduler" if "ledger.py" in outermost else "worker"
