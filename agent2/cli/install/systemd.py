"""``agent2 install systemd`` and its way back: units, ``daemon-reload``, ``enable``."""

from __future__ import annotations

import os

import click

from agent2.cli.codes import OK, USAGE
from agent2.cli.command import Command, with_settings
from agent2.cli.errors import Failure
from agent2.cli.install import systemctl, timers, units
from agent2.cli.install.files import Standing, Written, need_folder, sealed
from agent2.cli.install.place import ROOT, SCRIPTS, Place, no_user, place
from agent2.cli.install.programs import wanted
from agent2.cli.install.systemctl import Scope
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.plan import sources

_SCOPE = click.Choice(["system", "user"])
_PRIVATE = ("/tmp/", "/var/tmp/")  # noqa: S108  (what PrivateTmp=yes hides)


@click.command("systemd", cls=Command, help=say("help.install.systemd"))
@click.option("--user", default="", metavar="U", help=say("option.install_user"))
@click.option("--group", default="", metavar="G", help=say("option.install_group"))
@click.option("--dynamic", is_flag=True, help=say("option.dynamic"))
@click.option("--forking", is_flag=True, help=say("option.forking"))
@click.option("--with-restarter", is_flag=True, help=say("option.with_restarter"))
@click.option("--web/--no-web", default=None, help=say("option.web_unit"))
@click.option("--telemetry/--no-telemetry", default=None, help=say("option.otlp_unit"))
@click.option("--care/--no-care", default=True, help=say("option.care"))
@click.option("--scope", type=_SCOPE, default="system", help=say("option.scope"))
@click.option("--unit-dir", default="", metavar="DIR", help=say("option.unit_dir"))
@click.option("--now", is_flag=True, help=say("option.now"))
@click.option("--force", is_flag=True, help=say("option.force"))
@click.option("--dry-run", is_flag=True, help=say("option.dry_run"))
@with_settings
def install(
    settings: Settings,
    user: str,
    group: str,
    dynamic: bool,
    forking: bool,
    with_restarter: bool,
    web: bool | None,
    telemetry: bool | None,
    care: bool,
    scope: Scope,
    unit_dir: str,
    now: bool,
    force: bool,
    dry_run: bool,
) -> int:
    """Write the units and have systemd take them up."""
    if dynamic and (user or group or forking or with_restarter or scope == "user"):
        raise Failure(USAGE, say("install.dynamic"), say("try.install_user"))
    where = no_user(settings) if dynamic else place(settings, user, group)
    _refuse(where, scope, forking=forking)
    folder = _folder(scope, unit_dir)
    beside = [units.RESTARTER] if with_restarter else []
    beside += wanted(where, web=web, telemetry=telemetry, forking=forking)
    files = _files(where, folder, scope, beside, forking=forking)
    files += _care(where, folder, scope) if care else []
    if dry_run:
        return _print(files)
    _refuse_two(folder, units.WATCHER if forking else units.FORKING)
    for file in files:
        file.refuse_foreign(force=force)
    need_folder(folder, say("try.install_root"))
    where.try_out()
    _warn_hidden(where, scope)
    _put(files, folder if unit_dir else "", scope, now=now)
    if scope == "user":
        click.echo(say("install.linger", user=where.user))
    return OK


@click.command("systemd", cls=Command, help=say("help.uninstall.systemd"))
@click.option("--scope", type=_SCOPE, default="system", help=say("option.scope"))
@click.option("--unit-dir", default="", metavar="DIR", help=say("option.unit_dir"))
@click.option("--force", is_flag=True, help=say("option.force"))
@click.pass_context
def uninstall(ctx: click.Context, scope: Scope, unit_dir: str, force: bool) -> None:
    """Stop and disable what was installed, then remove its units."""
    del ctx
    folder = _folder(scope, unit_dir)
    every = (*units.UNITS, *timers.TIMERS, timers.SERVICE)
    files = [Written(os.path.join(folder, name)) for name in every]
    files = [f for f in files if f.standing is not Standing.NOTHING]
    if not files:
        click.echo(say("uninstall.none", path=folder))
        return
    for file in files:
        file.refuse_foreign(force=force)
    need_folder(folder, say("try.install_root"))
    names = _started(files)
    words = systemctl.how(scope)
    if words:
        systemctl.run([*words, "disable", "--now", *names])
        systemctl.forget([*words, "reset-failed", *names])
    for file in files:
        file.take()
    if words:
        systemctl.run([*words, "daemon-reload"])
    click.echo(say("uninstall.stays"))


def _files(
    where: Place, folder: str, scope: Scope, beside: list[str], *, forking: bool
) -> list[Written]:
    own, dynamic = scope == "user", not where.user
    name = units.FORKING if forking else units.WATCHER
    text = units.unit(name, where, own=own, dynamic=dynamic)
    leaves = units.TELEMETRY in beside
    found = {name: units.leave_telemetry(text) if leaves else text}
    for other in beside:
        text = units.unit(other, where, own=own, dynamic=dynamic)
        found[other] = units.follow_forking(text) if forking else text
    return [
        Written(os.path.join(folder, name), sealed(text, "systemd"))
        for name, text in found.items()
    ]


def _put(files: list[Written], folder: str, scope: Scope, *, now: bool) -> None:
    """Write and enable them, by their paths if systemd does not know *folder*."""
    changed = any(file.standing is not Standing.SAME for file in files)
    for file in files:
        file.put()
    names = _started(files)
    places = [os.path.join(folder, name) for name in names]
    # "enable --now" would leave a running one with its old text.
    start = [["restart" if changed else "start", *names]] if now else []
    systemctl.take_up(scope, ["daemon-reload"], ["enable", *places], *start)


def _print(files: list[Written]) -> int:
    for file in files:
        click.echo(f"# {file.path}\n{file.text}", nl=file is not files[-1])
    return OK


def _care(where: Place, folder: str, scope: Scope) -> list[Written]:
    return [
        Written(os.path.join(folder, name), sealed(text, "systemd"))
        for name, text in timers.texts(where, own=scope == "user").items()
    ]


def _started(files: list[Written]) -> list[str]:
    """Return the names that are enabled and started: a timer starts its service."""
    names = [os.path.basename(file.path) for file in files]
    return [name for name in names if name != timers.SERVICE]


def _folder(scope: Scope, unit_dir: str) -> str:
    if unit_dir:
        return sources.absolute(unit_dir, os.environ)
    if scope == "system":
        return "/etc/systemd/system"
    own = os.environ.get("XDG_CONFIG_HOME", "")
    own = own or os.path.join(sources.home(os.environ), ".config")
    return os.path.join(own, "systemd", "user")


def _refuse(where: Place, scope: Scope, *, forking: bool) -> None:
    if scope == "user" and where.uid != os.geteuid():
        message = say("install.other_user", user=where.user)
        raise Failure(USAGE, message, say("try.install_as_user"))
    if forking and not os.path.isdir(SCRIPTS):
        raise Failure(USAGE, say("install.no_scripts"), "agent2 install systemd")


def _refuse_two(folder: str, other: str) -> None:
    """Two units would start the same watcher twice; the second ends with 75."""
    path = os.path.join(folder, other)
    if os.path.lexists(path):
        raise Failure(USAGE, say("install.two", path=path), "agent2 uninstall systemd")


def _warn_hidden(where: Place, scope: Scope) -> None:
    for path in (where.state, where.config, where.python, ROOT):
        if scope == "system" and path.startswith(_PRIVATE):
            click.echo(say("install.hidden", path=path), err=True)
            return
