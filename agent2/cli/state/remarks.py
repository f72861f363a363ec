"""What the reader of a status should act on: one line each, with what to do."""

from __future__ import annotations

import os
from collections.abc import Iterator

from agent2.cli.life import program as programs
from agent2.cli.settings import Settings
from agent2.cli.state.machine import cost, duration, is_stopped
from agent2.cli.state.snapshot import Snapshot
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.gates import EVERY, HELD
from agent2.core.text import visible
from agent2.host.owner import Presence

_TAKEN = 10.0  # seconds in which a restarter has taken a signal up
_YOUNG = 15.0  # seconds in which a new agent may have no status of its own yet


def remarks(seen: Snapshot, settings: Settings) -> Iterator[str]:
    """Return the lines, the agent's own trouble first."""
    return map(visible, _remarks(seen, settings))


def _remarks(seen: Snapshot, settings: Settings) -> Iterator[str]:
    if seen.owner.running and not seen.fresh:
        yield stale(seen, settings)
    if seen.owner.presence is Presence.ABSENT or not seen.owner.running:
        yield say("status.try_start", command=typed("start", settings))
    troubles = seen.part("agent", "self", "troubles")
    if seen.fresh and isinstance(troubles, dict):
        for what, detail in troubles.items():
            yield say("status.trouble", what=what, why=detail)
    error = seen.part("agent", "config", "error")
    if error:
        first = str(error).splitlines()[0]
        command = typed("config check", settings)
        yield say("status.reload_rejected", why=first, command=command)
    yield from _gates(seen, settings)
    yield from _silences(seen, settings)
    yield from _spent(seen, settings)
    yield from _rehearsed(seen)
    yield from _untaken(seen, settings)
    yield from _notifiers(seen, settings)
    for incident in seen.entries("incidents", "open"):
        command = typed(f"incidents show {incident.get('id')}", settings)
        why = incident.get("detail")
        acked = incident.get("acked")
        if isinstance(acked, dict):
            why = f"{why}; {say('status.acked', who=acked.get('who'))}"
        yield say("status.incident", id=incident.get("id"), why=why, command=command)


def stale(seen: Snapshot, settings: Settings) -> str:
    """Return why the status of an agent that runs cannot be believed, as far as seen.

    A full disk is no reason to restart the agent: it watches on, and could not start.
    """
    pid, folder = seen.owner.pid, settings.state_dir
    if is_stopped(pid):
        return say("status.frozen", pid=pid, command=f"kill -CONT {pid}")
    age = seen.age
    if _is_full(folder, len(seen.text)):
        command = f"df {folder}"
        return say("status.full", path=folder, age=_told(age), command=command)
    spent = cost(pid)
    wrote = seen.part("agent", "pid")
    another = not seen.tree or (wrote is not None and wrote != pid)
    if another and spent is not None and spent.age < _YOUNG:
        return say("status.begins")
    if age is not None and age < 0:
        return say("status.ahead")
    command = typed("restart", settings)
    return say("status.stale", age=_told(age), command=command)


def _told(age: float | None) -> str:
    return "?" if age is None else duration(age)


def _is_full(folder: str, size: int) -> bool:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    room = disk.f_bavail * disk.f_frsize < max(size, disk.f_frsize)
    names = disk.f_files > 0 and disk.f_favail == 0
    return room or names or bool(disk.f_flag & os.ST_RDONLY)


def _gates(seen: Snapshot, settings: Settings) -> Iterator[str]:
    for gate in seen.entries("gates"):
        if gate.get("state") not in HELD:
            continue
        target, why = gate.get("target"), f"{gate.get('reason')} ({gate.get('who')})"
        everything = target == EVERY
        words = "--all" if everything else target
        command = typed(f"gate approve {words}", settings)
        shown = say("gate.everything") if everything else target
        yield say("status.held", target=shown, why=why, command=command)


def _silences(seen: Snapshot, settings: Settings) -> Iterator[str]:
    """Name what people are not told of, whose word that is and until when."""
    for one in seen.entries("silences"):
        match = one.get("match")
        pairs = match.items() if isinstance(match, dict) else ()
        what = " ".join(f"{name}={wanted}" for name, wanted in pairs)
        why, until = f"{one.get('why')} ({one.get('who')})", one.get("until")
        command = typed(f"silence end {one.get('id')}", settings)
        yield say("status.silent", what=what, why=why, until=until, command=command)


def _spent(seen: Snapshot, settings: Settings) -> Iterator[str]:
    """Name each target that is down and not restarted any more: its budget is spent."""
    for target in seen.entries("targets"):
        restarts = target.get("restarts")
        if isinstance(restarts, dict) and restarts.get("exhausted"):
            command = typed(f"audit {target.get('name')}", settings)
            spent = f"{restarts.get('used')}/{restarts.get('limit')}"
            yield say(
                "status.spent", target=target.get("name"), spent=spent, command=command
            )


def _rehearsed(seen: Snapshot) -> Iterator[str]:
    """Name the targets that are not restarted because it is a dry run."""
    pairs = ((one.get("name"), one.get("restarts")) for one in seen.entries("targets"))
    on = ((n, how) for n, how in pairs if isinstance(how, dict) and how.get("enabled"))
    dry = [str(n) for n, how in on if how.get("dry_run")]
    if dry:
        yield say("status.dry_run", targets=", ".join(dry))


def _untaken(seen: Snapshot, settings: Settings) -> Iterator[str]:
    """Say that nobody takes the restart signal up, and who should."""
    age = seen.part("restart_signal", "age_s")
    if not (seen.fresh and isinstance(age, int | float) and age >= _TAKEN):
        return
    runs = programs.find(programs.RESTARTER, settings).running
    log = settings.path(programs.RESTARTER.log_file)
    command = f"tail {log}" if runs else typed("restarter start", settings)
    yield say("status.untaken", age=duration(float(age)), command=command)


def _notifiers(seen: Snapshot, settings: Settings) -> Iterator[str]:
    for notifier in seen.entries("notifiers"):
        name = notifier.get("name")
        if notifier.get("dead"):
            command = typed("outbox list", settings)
            yield say("status.dead", name=name, n=notifier["dead"], command=command)
        elif notifier.get("pending"):
            yield say(
                "status.pending",
                name=name,
                n=notifier["pending"],
                age=duration(notifier.get("oldest_pending_s") or 0.0),
                why=_cause(notifier.get("last_error")),
            )


def _cause(error: object) -> str:
    if not isinstance(error, dict):
        return "-"
    return f"{error.get('cause')}: {error.get('detail')}"
