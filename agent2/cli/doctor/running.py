"""Who runs: the watcher and the programs beside it, their locks, what they left."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent2.cli.doctor.finding import BAD, WARN, Case, Finding
from agent2.cli.life import program as programs
from agent2.cli.settings import PACKAGE
from agent2.cli.state.machine import duration
from agent2.cli.state.remarks import stale
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.host import sockets, trees, wake
from agent2.host.owner import Presence, arguments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent2.cli.life.program import Program
    from agent2.plan.values import PluginPlan

AREA, CYCLE = "programs", "cycle"
_ALL = (
    programs.WATCHER,
    programs.RESTARTER,
    programs.SUPERVISOR,
    programs.WEB,
    programs.TELEMETRY,
)
_LATE = 1.0  # seconds by which the loop of the watcher is behind
_PORT = 8642
_TAKEN = 10.0  # seconds in which a restarter has taken a signal up


def look(case: Case) -> Iterator[Finding]:
    """Look at each program's PID file and lock, then at all processes."""
    for program in _ALL:
        yield from _one(case, program)
    yield from _beside(case)
    yield from _orphans(case)
    yield from _cycle(case)


def _one(case: Case, program: Program) -> Iterator[Finding]:
    owner = programs.find(program, case.settings)
    path, name = case.settings.path(program.pid_file), program.name
    case.note(AREA, **{program.command: owner.pid if owner.running else None})
    begin = program.command.removeprefix("agent2").strip()
    start = typed(f"{begin} start".strip(), case.settings)
    if owner.presence is Presence.FOREIGN:
        text = say("error.foreign", path=path, pid=owner.pid)
        yield Finding(AREA, "foreign", text, f"lsof {path}", BAD)
    elif owner.presence is Presence.UNREADABLE:
        text = say("error.pid_file", path=path, name=name)
        yield Finding(AREA, "pid_file", text, f"ls -l {path}", BAD)
    elif program is programs.WATCHER and not owner.running:
        died = owner.presence is Presence.STALE
        text = say("doctor.died") if died else say("doctor.not_running")
        yield Finding(AREA, "not_running", text, start, BAD)
    hears = wake.listens(case.settings.state_dir)
    if program is programs.WATCHER and owner.running and not hears:
        text = say("doctor.deaf", path=case.settings.path(wake.NAME))
        yield Finding(AREA, "deaf", text, typed("restart", case.settings), WARN)


def _beside(case: Case) -> Iterator[Finding]:
    """The programs that the configuration wants, and the port of one of them."""
    plan = case.plan
    if plan is None:
        return
    signals = any(not t.actions or _has_signal(t.actions) for t in plan.targets)
    for program, wanted in (
        (programs.WEB, plan.web.get("enabled") is True),
        (programs.TELEMETRY, plan.telemetry.get("enabled") is True),
        (programs.RESTARTER, signals and bool(plan.restarter.argv)),
    ):
        if not wanted or programs.find(program, case.settings).running:
            continue
        word = program.command.removeprefix("agent2 ")
        text = say("doctor.wanted", name=program.name, section=word)
        yield Finding(AREA, "wanted", text, typed(f"{word} start", case.settings))
        if program is programs.WEB:
            yield from _port(int(plan.web.get("port") or _PORT))
    age = case.seen.part("restart_signal", "age_s")
    if case.seen.fresh and isinstance(age, int | float) and age > _TAKEN:
        text = say("why.untaken", age=duration(float(age))).rstrip(".。")
        yield Finding(AREA, "untaken", text, typed("restarter status", case.settings))


def _has_signal(ladder: tuple[PluginPlan, ...]) -> bool:
    return any(action.kind == "signal_file" for action in ladder)


def _port(port: int) -> Iterator[Finding]:
    holders, taken = sockets.listeners(port, trees.table())
    if taken:
        named = ", ".join(f"PID {pid} ({_word(pid)})" for pid in sorted(holders))
        text = say("doctor.port", port=port, who=named or say("doctor.hidden"))
        yield Finding(AREA, "port", text, say("doctor.do_port"), BAD)


def _orphans(case: Case) -> Iterator[Finding]:
    """Name programs of this folder that no PID file and no watcher answers for."""
    known = trees.table()
    held = {programs.find(program, case.settings).pid for program in _ALL} - {0}
    ours = {one.pid for one in trees.tree(held, known)} | {os.getpid()}
    found = {
        pid: name
        for pid in known.keys() - ours
        if (name := _program(pid, case.settings.state_dir))
    }
    for pid, name in sorted(found.items()):
        if known[pid].parent in found:
            continue
        text = say("doctor.orphan", pid=pid, name=visible(name))
        # A courier goes on telling what its dead watcher owed; the next one ends it.
        tells = name == "courier" and not case.watcher
        do = typed("start", case.settings) if tells else f"kill {pid}"
        yield Finding(AREA, "orphan", text, do)


def _program(pid: int, folder: str) -> str:
    """Return which of our programs *pid* is for *folder*, "" if it is none."""
    words = arguments(pid)
    script = next((word for word in words if word.startswith(PACKAGE)), "")
    if not script or folder not in words:
        return ""
    return os.path.basename(os.path.dirname(script)) or script


def _cycle(case: Case) -> Iterator[Finding]:
    """What the watcher itself says, and how old that is."""
    seen = case.seen
    if not case.watcher:
        return
    case.note(CYCLE, age_s=seen.age, fresh=seen.fresh)
    if not seen.fresh:
        text, do = stale(seen, case.settings), typed("status", case.settings)
        yield Finding(CYCLE, "stale", text, do, BAD)
        return
    troubles = seen.part("agent", "self", "troubles")
    for what, why in (troubles if isinstance(troubles, dict) else {}).items():
        text = say("status.trouble", what=what, why=why)
        yield Finding(CYCLE, "trouble", text, typed("status", case.settings), BAD)
    late = seen.part("agent", "self", "lateness_s")
    if isinstance(late, int | float) and late > _LATE:
        text = say("doctor.late", by=duration(late))
        yield Finding(CYCLE, "late", text, say("doctor.do_late"))
    lost = seen.part("agent", "self", "log_lines_lost")
    if isinstance(lost, int) and lost > 0:
        text = say("doctor.log_lost", count=lost)
        path = case.settings.path(programs.WATCHER.log_file)
        yield Finding(CYCLE, "log_lost", text, f"ls -l {path}")


def _word(pid: int) -> str:
    """Return the program of *pid*: its arguments may hold a password."""
    return visible(next(iter(arguments(pid)), "?"))
