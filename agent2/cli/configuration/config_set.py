"""``agent2 config set``: change one value of the file, and say what makes it count."""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

import click

from agent2.cli import settings as paths
from agent2.cli.codes import INTERNAL, OK, UNREACHABLE, USAGE
from agent2.cli.command import Command, with_settings
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.life.started import last_config
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.plan import sources


@click.command(cls=Command, name="set", help=say("help.config.set"))
@click.argument("key", metavar="KEY")
@click.argument("value", metavar="[VALUE]", required=False)
@click.option("--unset", is_flag=True, help=say("option.unset"))
@click.option("--reload", "now", is_flag=True, help=say("option.reload"))
@with_settings
def set_value(
    settings: Settings, key: str, value: str | None, unset: bool, now: bool
) -> int:
    """Change KEY in the configuration file; everything else in it stays as it is."""
    if unset == (value is not None):
        hint = f"agent2 config set {key} VALUE | --unset"
        raise Failure(USAGE, say("set.what"), hint)
    programs.adopt(settings)
    path = settings.config_path
    code, told = _change(settings, path or _default_place(), key, value, not path)
    if code:
        return code
    _say(told)
    return _make_it_count(settings, told["path"], now)


def _default_place() -> str:
    own = os.environ.get("XDG_CONFIG_HOME")
    folder = own or os.path.join(sources.home(os.environ), ".config")
    return os.path.join(folder, "agent2", sources.CONFIG_NAME)


def _change(
    settings: Settings, path: str, key: str, value: str | None, create: bool
) -> tuple[int, dict[str, Any]]:
    """Have the compiler do it; its complaints go where ours go."""
    argv = [paths.python(), "-I", paths.COMPILER, *settings.arguments()]
    argv += [f"--config={path}", f"--change={key}"]
    argv += [] if value is None else [f"--to={value}"]
    argv += ["--create"] if create else []
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    code = done.returncode if done.returncode >= 0 else INTERNAL
    return code, {} if code else json.loads(done.stdout)


def _say(told: dict[str, Any]) -> None:
    key, path, nothing = told["key"], told["path"], say("set.nothing")
    old, new = (nothing if told[one] is None else told[one] for one in ("old", "new"))
    if told["created"]:
        click.echo(say("set.created", path=path))
    if told["changed"]:
        click.echo(say("set.done", path=path, key=key, old=old, new=new))
    else:
        click.echo(say("set.same", path=path, key=key, new=new))
    if told["wins"]:
        click.echo(f"! {say('set.wins', source=told['wins'])}")


def _make_it_count(settings: Settings, path: str, now: bool) -> int:
    watcher = programs.find(programs.WATCHER, settings)
    if not watcher.running:
        click.echo(say("set.start", command=typed("start", settings, config=True)))
        return OK
    if last_config(settings) != path:  # it began with another file, or with none
        command = typed("restart", settings, config=True)
        message = say("set.restart", pid=watcher.pid, path=path)
        if now:
            raise Failure(UNREACHABLE, message, command)
        click.echo(f"{message}: {command}")
        return OK
    if now:
        from agent2.cli.life.reloading import reload_now

        return reload_now(settings)
    click.echo(say("set.reload", command=typed("reload", settings)))
    return OK
