"""``agent2 install`` and ``uninstall``: units, plist and rotation, and back again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import click

from agent2.cli.codes import IO, OK, USAGE
from agent2.cli.command import Group, with_settings
from agent2.cli.errors import Failure
from agent2.cli.install import systemd as install_systemd
from agent2.cli.install import texts
from agent2.cli.install.files import Standing, Written, need_folder, sealed
from agent2.cli.install.place import place
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.plan import sources

install = Group("install", help=say("help.install"))


uninstall = Group("uninstall", help=say("help.uninstall"))


install.add_command(install_systemd.install)
uninstall.add_command(install_systemd.uninstall)


def _options(*names: str) -> Callable[[Any], Any]:
    made = {
        "--user": {"default": "", "metavar": "U", "help": say("option.install_user")},
        "--group": {"default": "", "metavar": "G", "help": say("option.install_group")},
        "--dir": {"default": "", "metavar": "DIR", "help": say("option.install_dir")},
        "--force": {"is_flag": True, "help": say("option.force")},
        "--dry-run": {"is_flag": True, "help": say("option.dry_run")},
    }

    def add(command: Any) -> Any:
        for name in reversed(names):
            command = click.option(name, **made[name])(command)  # type: ignore[arg-type]
        return command

    return add


_ALL = ("--user", "--group", "--dir", "--force", "--dry-run")


@install.command("logrotate", help=say("help.install.logrotate"))
@_options(*_ALL)
@with_settings
def logrotate(settings: Settings, /, user: str, group: str, **more: Any) -> int:
    """Write the rules of logrotate."""
    where = place(settings, user, group)
    return _write(_rules(more["dir"], "logrotate", texts.logrotate(where)), **more)


@install.command("newsyslog", help=say("help.install.newsyslog"))
@_options(*_ALL)
@with_settings
def newsyslog(settings: Settings, /, user: str, group: str, **more: Any) -> int:
    """Write the line of newsyslog."""
    where = place(settings, user, group)
    return _write(_rules(more["dir"], "newsyslog", texts.newsyslog(where)), **more)


@install.command("launchd", help=say("help.install.launchd"))
@click.option("--care/--no-care", default=True, help=say("option.care"))
@_options("--user", "--dir", "--force", "--dry-run")
@with_settings
def launchd(settings: Settings, /, user: str, care: bool, **more: Any) -> None:
    """Write the plists and, on macOS, load them."""
    where = place(settings, user, "")
    if where.uid != os.geteuid():
        message = say("install.other_user", user=where.user)
        raise Failure(USAGE, message, say("try.install_as_user"))
    names = (texts.PLIST, *(texts.CARE if care else ()))
    files = [_agent(more["dir"], name, texts.plist(where, name)) for name in names]
    if not more["dry_run"]:
        for file in files:
            file.refuse_foreign(force=more["force"])
        where.try_out()
    for file in files:
        changed = file.standing is not Standing.SAME
        _write(file, **more)
        if not more["dry_run"]:
            _load(file.path, where.uid, changed=changed)


@uninstall.command("logrotate", help=say("help.uninstall.logrotate"))
@_options("--dir", "--force")
def no_logrotate(**more: Any) -> int:
    """Remove the rules of logrotate."""
    return _take(_rules(more["dir"], "logrotate"), force=more["force"])


@uninstall.command("newsyslog", help=say("help.uninstall.newsyslog"))
@_options("--dir", "--force")
def no_newsyslog(**more: Any) -> int:
    """Remove the line of newsyslog."""
    return _take(_rules(more["dir"], "newsyslog"), force=more["force"])


@uninstall.command("launchd", help=say("help.uninstall.launchd"))
@_options("--dir", "--force")
def no_launchd(**more: Any) -> int:
    """Unload the agents of launchd and remove their plists."""
    files = [_agent(more["dir"], name) for name in (texts.PLIST, *texts.CARE)]
    there = [file for file in files if file.standing is not Standing.NOTHING]
    for file in there:
        file.refuse_foreign(force=more["force"])
    for file in there:
        _launchctl("bootout", f"gui/{os.geteuid()}/{_label(file.path)}")
        _take(file, force=more["force"])
    return OK if there else _take(files[0], force=more["force"])


def _rules(folder: str, kind: str, text: str = "") -> Written:
    name = "agentos-agent2" + (".conf" if kind == "newsyslog" else "")
    folder = sources.absolute(folder or f"/etc/{kind}.d", os.environ)
    return Written(os.path.join(folder, name), text and sealed(text, kind))


def _agent(folder: str, name: str, text: str = "") -> Written:
    folder = sources.absolute(folder or "~/Library/LaunchAgents", os.environ)
    path = os.path.join(folder, name)
    return Written(path, text and sealed(text, "launchd"))


def _write(file: Written, *, force: bool, dry_run: bool, **_folder: str) -> int:
    if dry_run:
        click.echo(file.text, nl=False)
        return OK
    file.refuse_foreign(force=force)
    need_folder(os.path.dirname(file.path), say("try.install_root"))
    file.put()
    return OK


def _take(file: Written, *, force: bool) -> int:
    if file.standing is Standing.NOTHING:
        click.echo(say("uninstall.none", path=file.path))
        return OK
    file.refuse_foreign(force=force)
    need_folder(os.path.dirname(file.path), say("try.install_root"))
    file.take()
    return OK


def _label(path: str) -> str:
    """Return the label of the plist at *path*: its name."""
    return os.path.basename(path).removesuffix(".plist")


def _load(path: str, uid: int, *, changed: bool) -> None:
    """Have launchd take the plist up, unless it has it already."""
    if sys.platform == "darwin":
        told = subprocess.run(
            ["launchctl", "print", f"gui/{uid}/{_label(path)}"],
            capture_output=True,
            check=False,
        )
        if told.returncode == 0:
            if not changed:
                return
            _launchctl("bootout", f"gui/{uid}/{_label(path)}")
    _launchctl("bootstrap", f"gui/{uid}", path)


def _launchctl(*words: str) -> None:
    """Run launchctl where it is; elsewhere say what to run.

    Raises:
        Failure: launchd refused; its own first line says why.
    """
    line = " ".join(("launchctl", *words))
    if sys.platform != "darwin":
        click.echo(say("install.launchctl", command=line))
        return
    done = subprocess.run(
        ["launchctl", *words], capture_output=True, text=True, check=False
    )
    # 3: no such process, so there is nothing to unload.
    if done.returncode and (words[0], done.returncode) != ("bootout", 3):
        why = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[0]
        message = say("install.failed", command=line, why=why)
        raise Failure(IO, message, "launchctl print gui/$(id -u)")
    click.echo(say("install.ran", command=line))
