"""The telemetry program: follow the store, send, wait, leave when asked.

One per state folder. TERM ends it, even while a collector keeps it waiting: what was
not taken stays in the journal for the next one.
"""

from __future__ import annotations

import importlib.util
import os
import resource
import signal

from agent2.core.text import one_line, place
from agent2.host.complain import complain
from agent2.host.gentle import give_way
from agent2.host.instance import Instance, LockedError
from agent2.plan.stored import PlanError
from agent2.store.errors import StoreError
from agent2.telemetry import phrases
from agent2.telemetry.run import LOG, Run

PID = "telemetry.pid"
NICE = 10
_OPTIONS = {"--state-dir", "--clock"}
_USAGE = "usage: telemetry --state-dir DIR [--clock SECONDS]"
_NEEDED = "opentelemetry.exporter.otlp.proto.http"


def main(arguments: list[str]) -> int:
    """Run the telemetry of a state folder; return its exit code.

    *--clock* is given by the watcher that starts it, and not looked at. Without it a
    person started it: it stays when its parent ends.
    """
    given = dict(zip(arguments[::2], arguments[1::2], strict=False))
    if len(arguments) % 2 or given.keys() - _OPTIONS or "--state-dir" not in given:
        return _fail(2, _USAGE)
    ours = "--clock" in given
    state_dir = os.path.abspath(given["--state-dir"])
    if not _installed():
        return _fail(69, phrases.words(state_dir)["missing"])
    try:
        instance = Instance.acquire(os.path.join(state_dir, PID))
    except LockedError as error:
        return 0 if ours else _fail(75, str(error))
    except OSError as error:
        return _fail(74, f"{state_dir}: {error.strerror}")
    try:
        give_way(NICE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # headers may be secrets
        return Run(state_dir, instance, ours=ours).run()
    except PlanError as error:
        return _fail(78, f"{error}; run: agent2 config check")
    except (StoreError, OSError) as error:
        told = getattr(error, "strerror", None) or str(error)
        return _fail(74, one_line(f"{state_dir}: {told}", 500))
    except Exception as error:  # our own bug: one line, and the watcher tries again
        return _fail(70, f"internal error: {place(error)}")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        instance.release()


def _installed() -> bool:
    try:
        return importlib.util.find_spec(_NEEDED) is not None
    except ModuleNotFoundError:
        return False


def _fail(code: int, text: str) -> int:
    complain(f"agent2 telemetry: {text}")
    return code


__all__ = ["LOG", "PID", "main"]
