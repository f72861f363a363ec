"""For whom, and with which paths, an installed unit or plist shall run Agent2."""

from __future__ import annotations

import grp
import os
import pwd
import re
import subprocess
from dataclasses import dataclass
from urllib.parse import quote

import click

from agent2.cli import settings as paths
from agent2.cli.codes import PERMISSION, USAGE
from agent2.cli.errors import Failure
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.plan import sources

ROOT = os.path.dirname(paths.PACKAGE)
SCRIPTS = os.path.join(ROOT, "scripts")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.@-]*")
# What the user of a unit must be able to do; run as that user, so that root neither
# follows a link in somebody's home nor leaves a folder of its own there.
_TRIAL = """
import os, sys
try:
    os.makedirs(sys.argv[1], 0o755, exist_ok=True)
    if not os.access(sys.argv[1], os.W_OK):
        raise OSError("not writable: " + sys.argv[1])
    for path in sys.argv[2:]: open(path, "rb").close()
except OSError as error:
    sys.exit(str(error))
"""


@dataclass(frozen=True, slots=True)
class Place:
    """The user and the paths; *config* and *profile* are "" when none was named."""

    user: str
    group: str
    uid: int
    gid: int
    home: str
    state: str
    config: str
    profile: str
    sets: tuple[str, ...] = ()

    @property
    def python(self) -> str:
        """The interpreter: that of the environment which runs this."""
        return os.path.abspath(paths.python())

    @property
    def usual_state(self) -> bool:
        """Is the state folder the one that is taken when none is named?"""
        return self.state == sources.state_dir("", {"HOME": self.home})

    @property
    def chosen(self) -> list[str]:
        """The arguments for what was named beside the state folder."""
        found = ["--config", self.config] if self.config else []
        found += ["--profile", self.profile] if self.profile else []
        return found + [f"--set={item}" for item in self.sets]

    @property
    def manual(self) -> str:
        """A text that is there: the README, or in a wheel the commented reference."""
        readme = os.path.join(ROOT, "README.md")
        if os.path.exists(readme):
            return readme
        return os.path.join(paths.PACKAGE, "profiles", sources.CONFIG_NAME)

    @property
    def page(self) -> str:
        """That text as the path of a URL in a unit."""
        return quote(self.manual).replace("%", "%%")

    def try_out(self) -> None:
        """Make the state folder, as the user, who must be able to run Agent2; say so.

        A user that systemd makes, and its folder, are not there yet.

        Raises:
            Failure: that user cannot.
        """
        if not self.user:
            # A venv anywhere may stand on a Python in somebody's home (pyenv, uv).
            _need_seen(os.path.realpath(self.python))
            return
        mine = self.uid == os.geteuid()
        read = [paths.WATCHER, *([self.config] if self.config else [])]
        try:
            done = subprocess.run(
                [self.python, "-I", "-S", "-c", _TRIAL, self.state, *read],
                user=None if mine else self.uid,
                group=None if mine else self.gid,
                extra_groups=None if mine else os.getgrouplist(self.user, self.gid),
                umask=0o022,
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )
            why = done.stderr.strip() if done.returncode else ""
        except (OSError, subprocess.SubprocessError) as error:
            why = f"{self.python}: {error}"
        if why:
            message = say("install.cannot", user=self.user, why=why.splitlines()[-1])
            raise Failure(PERMISSION, message, say("try.install_cannot"))
        click.echo(say("install.folder", path=self.state, user=self.user))


def place(settings: Settings, user: str, group: str) -> Place:
    """Return where *user* ("" for the one who asks, also through sudo) runs Agent2.

    Raises:
        Failure: no such user or group, or root without having been named.
    """
    named = user or _asking()
    if not named:
        raise Failure(USAGE, say("install.no_user"), say("try.install_user"))
    try:
        entry = pwd.getpwnam(named)
        team = grp.getgrnam(group) if group else grp.getgrgid(entry.pw_gid)
    except KeyError:
        message = say("install.unknown", name=group or named)
        raise Failure(USAGE, message, say("try.install_user")) from None
    for name in (entry.pw_name, team.gr_name):
        if not _NAME.fullmatch(name):
            raise Failure(
                USAGE, say("install.name", name=name), say("try.install_user")
            )
    mine = entry.pw_uid == os.geteuid()
    home = sources.home(os.environ) if mine else entry.pw_dir
    environ = dict(os.environ) | {"HOME": home}
    config = settings.config or environ.get("AGENT2_CONFIG", "")
    return Place(
        entry.pw_name,
        team.gr_name,
        entry.pw_uid,
        team.gr_gid,
        os.path.abspath(home),
        sources.state_dir(settings.folder, environ),
        sources.absolute(config, environ) if config else "",
        settings.profile or environ.get("AGENT2_PROFILE", ""),
        settings.sets,
    )


def no_user(settings: Settings) -> Place:
    """Return the place of the unit as it is shipped: a user that systemd makes.

    Raises:
        Failure: something lies where such a user cannot look (ProtectHome=yes).
    """
    config = settings.config or os.environ.get("AGENT2_CONFIG", "")
    found = Place(
        "",
        "",
        -1,
        -1,
        "/",
        "/var/lib/agent2",
        sources.absolute(config, os.environ) if config else "",
        settings.profile,
        settings.sets,
    )
    if settings.folder:
        message = say("install.no_folder", path=settings.state_dir)
        raise Failure(USAGE, message, say("try.install_user"))
    for path in (found.python, paths.WATCHER, found.config):
        _need_seen(path)
    return found


def _need_seen(path: str) -> None:
    if re.match(r"/(home|root|run/user)/", path):
        message = say("install.hidden_home", path=path)
        raise Failure(USAGE, message, say("try.install_user"))


def _asking() -> str:
    """Return who asks, or "" if that is root alone, whose rights are no default."""
    if os.geteuid():
        return pwd.getpwuid(os.geteuid()).pw_name
    behind = os.environ.get("SUDO_USER", "")
    return "" if behind == "root" else behind
