"""Get the compiled plan: the watcher's if it is still right, else a fresh one."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from agent2.cli import settings as paths
from agent2.cli.codes import CONFIG, INTERNAL
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.plan import sources, stored
from agent2.plan.values import Plan


def obtain(settings: Settings) -> Plan:
    """Return the plan of the configuration as it is now; writes nothing that stays.

    Raises:
        Failure: the configuration is refused; the compiler's lines are in it.
    """
    programs.adopt(settings)
    path, profile = settings.config_path, settings.profile
    stamp = sources.current_stamp(path, profile, os.environ, settings.sets)
    try:
        found = stored.load(settings.path(sources.PLAN_NAME))
    except stored.PlanError:
        pass
    else:
        if found.stamp == stamp:
            return found
    with tempfile.TemporaryDirectory(prefix="agent2-") as folder:
        return put(settings, folder)


def keep(settings: Settings) -> None:
    """Have the plan of the configuration in the state folder; a watcher's own stays.

    Raises:
        Failure: the configuration is refused.
    """
    if programs.find(programs.WATCHER, settings).running:
        return
    path, profile = settings.config_path, settings.profile
    stamp = sources.current_stamp(path, profile, os.environ, settings.sets)
    try:
        if stored.load(settings.path(sources.PLAN_NAME)).stamp == stamp:
            return
    except stored.PlanError:
        pass
    put(settings, settings.state_dir)


def put(settings: Settings, folder: str) -> Plan:
    """Compile into *folder* and return the plan.

    Raises:
        Failure: the configuration is refused; the compiler's lines are in it.
    """
    argv = [paths.python(), "-I", paths.COMPILER, "--state-dir", folder]
    argv += settings.choices()
    told = subprocess.run(argv, capture_output=True, text=True, check=False)
    if told.returncode:
        sys.stderr.write(told.stderr)
        code = told.returncode if told.returncode > 0 else INTERNAL
        hint = typed("config check", settings, config=True)
        path = settings.config_path or say("status.defaults")
        if code == CONFIG:
            raise Failure(code, say("error.config", path=path), hint)
        raise Failure(code, say("error.compiler", code=code), hint)
    try:
        return stored.load(os.path.join(folder, sources.PLAN_NAME))
    except stored.PlanError as error:
        message = say("error.plan", why=str(error))
        raise Failure(INTERNAL, message, "agent2 config check") from None
