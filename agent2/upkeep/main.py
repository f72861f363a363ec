"""One round of the upkeep as a program: open, do what is due, say it, leave.

It runs niced, beside a watcher that never waits for it. While it gives pages back to
the disk it holds the write lock, so USR1 ends it then and there: a commit of the
watcher goes first, and SQLite undoes the rest.
"""

from __future__ import annotations

import os
import signal
import time

from agent2.core.text import one_line, place
from agent2.host.complain import complain
from agent2.host.gentle import give_way
from agent2.host.instance import Instance, LockedError
from agent2.host.wake import wake
from agent2.plan.sources import PLAN_NAME
from agent2.plan.stored import PlanError, load
from agent2.store import upkeep
from agent2.store.database import Database
from agent2.store.errors import StoreError
from agent2.upkeep.jobs import Jobs, Round

PID = "upkeep.pid"
_STORE = "agent2.db"
_NICE = 10
_LONGEST_S = 1800  # then SIGALRM ends it
_OPTIONS = {"--state-dir", "--clock"}
_USAGE = "usage: upkeep --state-dir DIR [--clock SECONDS]"


def main(arguments: list[str]) -> int:
    """Do one round for the watcher that started us; return the exit code.

    What fails is told to the watcher and is no reason for another code: 0 says that
    it was told. *--clock* is what to add to the monotonic clock for steady seconds.
    """
    given = dict(zip(arguments[::2], arguments[1::2], strict=False))
    if len(arguments) % 2 or given.keys() - _OPTIONS or "--state-dir" not in given:
        return _fail(2, _USAGE)
    try:
        base = float(given.get("--clock", time.time() - time.monotonic()))
    except ValueError:
        return _fail(2, _USAGE)
    give_way(_NICE)
    signal.alarm(_LONGEST_S)
    state_dir = os.path.abspath(given["--state-dir"])
    try:
        done = run(state_dir, time.time(), base + time.monotonic())
    except LockedError:
        return 0  # another does our work
    except (PlanError, StoreError) as error:
        trouble = str(error)
    except OSError as error:
        trouble = f"{error.filename or state_dir}: {error.strerror}"
    except Exception as error:  # our own bug: one line, and the next round tries again
        return _fail(70, f"internal error: {place(error)}")
    else:
        trouble = troubles(done)
    wake(state_dir, f"upkeep {one_line(trouble, 1000)}")
    return 0


def run(state_dir: str, now: float, steady: float) -> Round:
    """Do what is due in *state_dir*; what people should know is in its log.

    Raises:
        LockedError: another upkeep runs.
        PlanError, StoreError, OSError: it could not even begin.
    """
    instance = Instance.acquire(os.path.join(state_dir, PID))
    try:
        return _run(state_dir, now, steady)
    finally:
        instance.release()


def troubles(done: Round) -> str:
    """Return what failed, as one line; "" for nothing."""
    return "; ".join(f"{job}: {why}" for job, why in done.failed.items())


def _run(state_dir: str, now: float, steady: float) -> Round:
    plan = load(os.path.join(state_dir, PLAN_NAME))
    path = os.path.join(state_dir, _STORE)
    db = Database.open(path, create=False)
    try:
        done = Jobs(db, plan, state_dir, now, steady).round()
    finally:
        db.close()
    for level, text in done.said:
        wake(state_dir, f"log {level} {one_line(text, 1000)}")
    return _squeezed(path, done) if done.spare else done


def _squeezed(path: str, done: Round) -> Round:
    """Give the empty pages back, unless somebody must write meanwhile.

    The watcher starts us with USR1 masked: what came until now is dropped.
    """
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGUSR1,))
    signal.signal(signal.SIGUSR1, signal.SIG_DFL)
    try:
        found = upkeep.squeeze(path)
    except StoreError as error:
        return Round(done.did, done.failed | {"vacuum": str(error)}, done.said, 0)
    finally:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    gone = f"vacuum: {found.before} bytes before, {found.after} now"
    return Round((*done.did, gone), done.failed, done.said, 0)


def _fail(code: int, text: str) -> int:
    complain(f"agent2 upkeep: {text}")
    return code
