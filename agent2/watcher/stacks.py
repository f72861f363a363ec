"""What each thread of ours does, for whoever sends SIGUSR1."""

from __future__ import annotations

import sys

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
        yield f"thread {number}: " + " <- ".join(calls)
