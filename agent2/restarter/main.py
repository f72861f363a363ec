"""Take up restart signals: run the restart command, prove it, delete the signal.

    restart_signal -> claim -> run argv -> verify -> delete, count, report

One restart at a time. The target runs in a session of its own and outlives us.
"""

from __future__ import annotations

import os
import signal
import sys

from agent2.host import files
from agent2.host.complain import complain
from agent2.host.instance import Instance, LockedError, began_anew, begin_anew
from agent2.host.reactor import Reactor
from agent2.plan import sources
from agent2.restarter import desk
from agent2.restarter.report import Report
from agent2.restarter.round import Round

USAGE = "usage: agent2 restarter [--state-dir FOLDER]"


def main(arguments: list[str]) -> int:
    """Run from a command line; return the exit code (sysexits)."""
    state_dir = ""
    words = list(arguments)
    while words:
        word = words.pop(0)
        if word in ("-h", "--help"):
            sys.stdout.write(USAGE + "\n")
            return 0
        if word.startswith("--state-dir="):
            state_dir = word.partition("=")[2]
        elif word == "--state-dir" and words:
            state_dir = words.pop(0)
        else:
            complain(f"agent2: {word}: unknown. {USAGE}")
            return 2
    return run(sources.state_dir(state_dir, os.environ))


def run(state_dir: str) -> int:
    """Serve *state_dir* until TERM or INT; return the exit code.

    0 asked to stop; 73 the folder cannot be made or written; 75 another one serves
    it; 77 no permission.
    """
    try:
        files.ensure_dir(state_dir)
        instance = Instance.acquire(f"{state_dir}/agent1.pid")
    except LockedError as error:
        complain(f"agent2: the restarter runs already (PID {error.pid})")
        return 75
    except PermissionError as error:
        complain(f"agent2: {error.filename}: no permission")
        return 77
    except OSError as error:
        complain(f"agent2: {error.filename}: {error.strerror}")
        return 73
    try:
        homeless = _serve(state_dir, instance)
    finally:
        instance.release()
    if homeless:
        begin_anew()
    return 0


def _serve(state_dir: str, instance: Instance) -> bool:
    """Serve until the end; return whether it came because our PID file went away."""
    reactor, report = Reactor(), Report(state_dir)
    reactor.on_error = lambda name, error: _fail(report, reactor, name, error)
    for number in (signal.SIGTERM, signal.SIGINT):
        reactor.on_signal(number, reactor.stop)
    reactor.on_signal(signal.SIGHUP, report.log.reopen)
    report.say("INFO", f"restarter runs (PID {os.getpid()}), signals in {state_dir}")
    if began_anew():
        report.say("WARNING", "the state folder or agent1.pid was removed: began anew")
    work = Round(state_dir, reactor, report, instance.lost)
    reactor.spawn(work.run(), "round")
    try:
        reactor.run()
    finally:
        if work.busy is not None:
            report.say("WARNING", "stopped within a restart: it goes on without us")
            report.set(last_result="unknown")
            desk.done(work.busy)
        if not work.homeless:  # what lies there now may be another restarter's
            report.set(status="stopped")
            report.say("INFO", "restarter stopped")
        report.close()
        reactor.close()
    return work.homeless


def _fail(report: Report, reactor: Reactor, name: str, error: BaseException) -> None:
    """Say what broke in one line and end: the next start goes on from the files."""
    report.say("CRITICAL", f"{name}: {type(error).__name__}: {error}")
    report.set(status="error")
    reactor.stop()
