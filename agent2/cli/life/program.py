"""The programs that run in the background, and what is known of each."""

from __future__ import annotations

import itertools
import os
from dataclasses import dataclass

from agent2.cli import settings as paths
from agent2.cli.codes import CANNOT_CREATE, IO, PERMISSION
from agent2.cli.errors import Failure
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.host import owner
from agent2.host.owner import Owner

# Those that need nothing but the standard library are up sooner and smaller so.
LEAN = ("-I", "-S")


@dataclass(frozen=True, slots=True)
class Program:
    """A background program: its name for people, its script, its files.

    *mark* must stand in its command line; *stem* begins the names of its files;
    *ready* says that it tells on a pipe (``--ready-fd``) when it is up, where others
    are up when they hold their lock; *lean*, that it needs no other packages.
    """

    name: str
    script: str
    mark: str
    stem: str
    ready: bool
    command: str
    lean: bool = True

    @property
    def pid_file(self) -> str:
        """The file that it holds as long as it runs."""
        return f"{self.stem}.pid"

    @property
    def log_file(self) -> str:
        """Its log."""
        return f"{self.stem}.log"

    @property
    def error_file(self) -> str:
        """What it printed in the background."""
        return f"{self.stem}_error.log"


def _beside(
    name: str, script: str, stem: str = "", *, ready: bool = False, lean: bool = True
) -> Program:
    """Return a program beside the watcher: a folder of the package."""
    folder = os.path.basename(os.path.dirname(script))
    mark, command = os.path.join("agent2", folder), f"agent2 {folder}"
    return Program(name, script, mark, stem or folder, ready, command, lean)


WATCHER = Program(
    "Agent2", paths.WATCHER, "agent2_monitor.py", "agent2", ready=True, command="agent2"
)
RESTARTER = _beside("Agent1", paths.RESTARTER, "agent1")
SUPERVISOR = _beside("Supervisor", paths.SUPERVISOR)
WEB = _beside("Web", paths.WEB, ready=True, lean=False)
TELEMETRY = _beside("Telemetry", paths.TELEMETRY, lean=False)


def find(program: Program, settings: Settings) -> Owner:
    """Return who holds the program's PID file."""
    return owner.find(settings.path(program.pid_file), program.mark)


def address(settings: Settings) -> str:
    """Return where the web program listens, "" if none runs."""
    if not find(WEB, settings).running:
        return ""
    try:
        with open(settings.path("web.url"), encoding="utf-8") as file:
            return file.read(4096).strip()
    except (OSError, UnicodeDecodeError):
        return ""


def adopt(settings: Settings) -> None:
    """Take what the running watcher was started with where nothing else was named.

    What ``agent2 start -c FILE`` began, ``agent2 restart`` must not turn into the
    defaults, and ``agent2 check`` must look at the same things. What was ``--set``
    holds on; what is set now comes after it and is stronger.
    """
    if settings.config or settings.adopted:
        return
    settings.adopted = True
    found = find(WATCHER, settings)
    if not found.running:
        return
    words = owner.arguments(found.pid)
    settings.sets = (*kept(words), *settings.sets)
    if os.environ.get("AGENT2_CONFIG"):
        return
    for word, value in itertools.pairwise(words):
        if word in ("-c", "--config"):
            settings.config = value
        elif word == "--profile" and not settings.profile:
            settings.profile = value


def kept(words: list[str]) -> tuple[str, ...]:
    """Return the ``KEY=VALUE`` that a watcher was started with, of its *words*."""
    pairs = itertools.pairwise([*words, ""])
    apart = {n: value for n, (word, value) in enumerate(pairs) if word == "--set"}
    for number, word in enumerate(words):
        if word.startswith("--set="):
            apart[number] = word.removeprefix("--set=")
    return tuple(apart[number] for number in sorted(apart))


def argv(program: Program, settings: Settings) -> list[str]:
    """Return the command line by which *program* is started."""
    if program is WATCHER:
        given = settings.arguments()
    else:
        given = ["--state-dir", settings.state_dir]
    bare = LEAN if program.lean else LEAN[:1]
    return [paths.python(), *bare, program.script, *given]


def need_script(program: Program) -> None:
    """Refuse when the program is not installed.

    Raises:
        Failure: it is not there.
    """
    if not os.path.isfile(program.script):
        message = say("error.no_program", name=program.name, path=program.script)
        raise Failure(IO, message, say("try.install"))


def make_folder(folder: str) -> None:
    """Make the state folder, 0755 whatever the umask.

    Raises:
        Failure: it cannot be made or written.
    """
    from agent2.host.files import ensure_dir

    try:
        ensure_dir(folder)
    except PermissionError as error:
        message = say("error.folder", path=folder, why=error.strerror)
        raise Failure(PERMISSION, message, say("try.folder")) from None
    except OSError as error:
        message = say("error.folder", path=folder, why=error.strerror)
        raise Failure(CANNOT_CREATE, message, say("try.folder")) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        message = say("error.folder", path=folder, why=say("word.not_writable"))
        raise Failure(PERMISSION, message, say("try.folder"))
