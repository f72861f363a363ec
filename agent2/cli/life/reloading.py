"""``agent2 reload``: ask for it, then show what the watcher made of it."""

from __future__ import annotations

import os
import shlex
import signal
import time
from typing import Any

import click

from agent2.cli.codes import CONFIG, OK, PERMISSION, UNREACHABLE, USAGE
from agent2.cli.command import Command, with_settings
from agent2.cli.errors import Failure
from agent2.cli.life.program import WATCHER, kept
from agent2.cli.life.started import holds
from agent2.cli.settings import Settings
from agent2.cli.state import snapshot
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.host.holder import send
from agent2.host.owner import arguments

PATIENCE = 10.0


@click.command(cls=Command, help=say("help.reload"))
@with_settings
def reload(settings: Settings) -> int:
    """Make the watcher read its configuration anew; show the result."""
    if settings.sets:
        words = " ".join(f"--set {shlex.quote(item)}" for item in settings.sets)
        command = typed(f"restart {words}", settings)
        raise Failure(USAGE, say("reload.set"), command)
    return reload_now(settings)


def reload_now(settings: Settings) -> int:
    """Ask for a reload and print what came of it; return 0.

    Raises:
        Failure: nobody runs, or the configuration was refused.
    """
    before = _last(settings)
    try:
        owner = send(settings.path(WATCHER.pid_file), WATCHER.mark, signal.SIGHUP)
    except PermissionError:
        message = say("error.signal", name=WATCHER.name)
        raise Failure(PERMISSION, message, say("try.not_yours")) from None
    if not owner.running:
        message = say("stop.not_running", name=WATCHER.name)
        raise Failure(UNREACHABLE, message, "agent2 start")
    after = _wait(settings, before)
    if after is None:
        message = say("reload.silent", seconds=f"{PATIENCE:.0f}")
        raise Failure(UNREACHABLE, message, f"tail {settings.path(WATCHER.log_file)}")
    if after.get("last_reload") == "rejected":
        message = say("reload.rejected", why=after.get("error"))
        raise Failure(CONFIG, message, "agent2 config check")
    path = after.get("path") or say("status.defaults")
    click.echo(say("reload.done", pid=owner.pid, path=os.path.basename(path)))
    changed = " ".join(after.get("changed") or ()) or say("reload.nothing")
    click.echo(say("reload.changed", keys=changed))
    holds(kept(arguments(owner.pid)))
    return OK


def _last(settings: Settings) -> dict[str, Any]:
    found = snapshot.read(settings).part("agent", "config")
    return found if isinstance(found, dict) else {}


def _wait(settings: Settings, before: dict[str, Any]) -> dict[str, Any] | None:
    """Wait until the status tells of another reload than *before*."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        after = _last(settings)
        if after.get("last_reload_at") != before.get("last_reload_at"):
            return after
        time.sleep(0.02)
    return None
