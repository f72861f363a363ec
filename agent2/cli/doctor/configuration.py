"""The configuration: does it compile, and is it the one in use?

The compiler refuses what refers to a variable or file that cannot be read, so it
answers for the secrets too.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator

from agent2.cli import settings as paths
from agent2.cli.doctor.finding import BAD, Case, Finding
from agent2.cli.life import program as programs
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.host.machine import read
from agent2.plan import sources, stored
from agent2.plan.values import Plan

AREA = "configuration"
_MOST = 5  # lines of the compiler that are shown; its own command shows all


def look(case: Case) -> Iterator[Finding]:
    """Compile it aside, in a child; the plan of the state folder is left alone."""
    settings = case.settings
    programs.adopt(settings)
    check = typed("config check", settings, config=True)
    path = settings.config_path
    code, told = _compile(case)
    case.note(AREA, path=path, compiles=case.plan is not None)
    if case.plan is None:
        # Its last line counts those before it.
        lines = [line.removeprefix("agent2: ") for line in told.splitlines()[:-1]]
        shown = path or say("status.defaults")
        text = say("doctor.refused", path=shown, code=code)
        yield Finding(AREA, "refused", text, check, BAD)
        for line in lines[:_MOST]:
            yield Finding(AREA, "problem", line, check, BAD)
        case.plan = _last(case)
        return
    for line in case.plan.warnings[:_MOST]:
        yield Finding(AREA, "warning", line.removeprefix("agent2: "), check)
    yield from _in_use(case, case.plan)


def _compile(case: Case) -> tuple[int, str]:
    argv = [paths.python(), "-I", paths.COMPILER, *case.settings.arguments()]
    with tempfile.TemporaryDirectory(prefix="agent2-") as folder:
        out = os.path.join(folder, sources.PLAN_NAME)
        done = subprocess.run(
            [*argv, "--out", out],
            env=_environment(case.watcher),
            capture_output=True,
            text=True,
            check=False,
        )
        if not done.returncode:
            try:
                case.plan = stored.load(out)
            except stored.PlanError as error:
                return 70, str(error)
    return done.returncode, done.stderr


def _environment(pid: int) -> dict[str, str]:
    """Return the environment of the watcher: its variables count, not ours.

    Where it cannot be seen, or none runs, ours is the best guess.
    """
    told = read(f"/proc/{pid}/environ").split(b"\0") if pid else []
    pairs = (os.fsdecode(one).partition("=") for one in told if b"=" in one)
    return {name: value for name, _, value in pairs} or dict(os.environ)


def _last(case: Case) -> Plan | None:
    """Return the plan that was compiled last, for the other looks."""
    try:
        return stored.load(case.settings.path(sources.PLAN_NAME))
    except stored.PlanError:
        return None


def _in_use(case: Case, plan: Plan) -> Iterator[Finding]:
    """Compare with what the watcher says that it uses."""
    if not case.watcher:
        return
    told = case.seen.part("agent", "config")
    used = told if isinstance(told, dict) else {}
    reload = typed("reload", case.settings)
    if used.get("error"):
        why = str(used["error"]).splitlines()[0]
        text = say("doctor.rejected", why=why)
        do = typed("config check", case.settings, config=True)
        yield Finding(AREA, "rejected", text, do, BAD)
    elif used.get("sha") and used["sha"] != plan.sha:
        text = say("doctor.stale_plan", used=used["sha"], file=plan.sha)
        yield Finding(AREA, "stale_plan", text, reload)
