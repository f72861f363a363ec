"""Start the courier of a state folder, unless one runs; say in one line why not.

A second courier of the same state folder leaves at once: the first does its work.
"""

from __future__ import annotations

import fcntl
import os
import resource
import time

from agent2.core.text import place
from agent2.courier import owner
from agent2.courier.loop import IDLE_S, Courier
from agent2.host.complain import complain
from agent2.host.gentle import give_way
from agent2.plan.stored import PlanError
from agent2.store.errors import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_NICE = 5  # the watch comes first: twenty lanes that load must not make it late
_OPTIONAL = {"--clock", "--idle"}
_USAGE = "usage: courier --state-dir DIR [--clock SECONDS] [--idle SECONDS]"


def main(arguments: list[str]) -> int:
    """Run the courier of a state folder; return its exit code.

    *--clock* is what to add to the monotonic clock to get steady epoch seconds, so
    that courier and watcher agree about time when the wall clock was set in between;
    *--idle* is after how many seconds without work it leaves.
    """
    names = arguments[::2]
    given = dict(zip(names, arguments[1::2], strict=False))
    if len(arguments) % 2 or given.keys() - _OPTIONAL != {"--state-dir"}:
        return _fail(2, _USAGE)
    try:
        base = float(given.get("--clock", time.time() - time.monotonic()))
        idle = float(given.get("--idle", IDLE_S))
    except ValueError:
        return _fail(2, _USAGE)
    state_dir = os.path.abspath(given["--state-dir"])
    try:
        lock = _lock(state_dir)
        if lock is None:
            return 0  # another one runs, and looks by itself
        return _work(state_dir, lock, lambda: base + time.monotonic(), idle)
    except PlanError as error:
        return _fail(78, f"{error}; run: agent2 config check")
    except StoreError as error:
        return _fail(74, str(error))
    except OSError as error:
        return _fail(74, f"{state_dir}: {error.strerror}")
    except Exception as error:  # our own bug: one line, and the watcher tries again
        return _fail(70, f"internal error: {place(error)}")


def _work(state_dir: str, lock: int, now: Callable[[], float], idle: float) -> int:
    give_way(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # memory holds secrets
    courier = Courier(state_dir, lock, now, idle)
    try:
        courier.run()
    finally:
        courier.close()
    return 0


def _lock(state_dir: str) -> int | None:
    """Return the held lock, or None if another courier has it."""
    path = os.path.join(state_dir, owner.LOCK)
    number = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(number)
        return None
    return number


def _fail(code: int, text: str) -> int:
    complain(f"agent2 courier: {text}")
    return code
