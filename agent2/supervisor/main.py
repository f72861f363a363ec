"""Start the supervisor of a state folder, one alone; say in one line why not."""

from __future__ import annotations

import os
import time

from agent2.core.text import place
from agent2.host.clock import Clock
from agent2.host.complain import complain
from agent2.host.instance import Instance, LockedError
from agent2.host.wake import SUPERVISOR, wake
from agent2.plan.stored import PlanError
from agent2.store.errors import StoreError
from agent2.supervisor.loop import IDLE_S, Supervisor

PID = "supervisor.pid"
_OPTIONS = {"--state-dir", "--clock", "--idle"}
_USAGE = "usage: supervisor --state-dir DIR [--clock SECONDS] [--idle SECONDS]"


def main(arguments: list[str]) -> int:
    """Run the supervisor of a state folder; return its exit code.

    *--clock* is given by the watcher that starts it: what to add to the monotonic
    clock to get steady epoch seconds. Without it, a person started it: it stays.
    """
    names = arguments[::2]
    given = dict(zip(names, arguments[1::2], strict=False))
    if len(arguments) % 2 or given.keys() - _OPTIONS or "--state-dir" not in given:
        return _fail(2, _USAGE)
    ours = "--clock" in given
    try:
        base = float(given.get("--clock", 0.0))
        idle = float(given.get("--idle", IDLE_S if ours else "inf"))
    except ValueError:
        return _fail(2, _USAGE)
    now = (lambda: base + time.monotonic()) if ours else Clock().now
    state_dir = os.path.abspath(given["--state-dir"])
    try:
        instance = Instance.acquire(os.path.join(state_dir, PID))
    except LockedError as error:
        if not ours:
            return _fail(75, str(error))
        wake(state_dir, "events", SUPERVISOR)  # the other one does our work
        return 0
    except OSError as error:
        return _fail(74, f"{state_dir}: {error.strerror}")
    try:
        return _work(Supervisor(state_dir, now, idle, instance, ours=ours))
    except PlanError as error:
        return _fail(78, f"{error}; run: agent2 config check")
    except StoreError as error:
        return _fail(74, str(error))
    except OSError as error:
        return _fail(74, f"{state_dir}: {error.strerror}")
    except Exception as error:  # our own bug: one line, and the watcher tries again
        return _fail(70, f"internal error: {place(error)}")
    finally:
        instance.release()


def _work(supervisor: Supervisor) -> int:
    try:
        supervisor.run()
    finally:
        supervisor.close()
    return 0


def _fail(code: int, text: str) -> int:
    complain(f"agent2 supervisor: {text}")
    return code
