"""What the global options and the environment say: paths, profile, colour."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field

from agent2.plan import sources

PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WATCHER = os.path.join(PACKAGE, "agent2_monitor.py")
RESTARTER = os.path.join(PACKAGE, "restarter", "__main__.py")
SUPERVISOR = os.path.join(PACKAGE, "supervisor", "__main__.py")
TELEMETRY = os.path.join(PACKAGE, "telemetry", "__main__.py")
WEB = os.path.join(PACKAGE, "web", "__main__.py")
COURIER = os.path.join(PACKAGE, "courier", "__main__.py")
COMPILER = os.path.join(PACKAGE, "compiler", "__main__.py")


@dataclass(slots=True)
class Settings:
    """The global options as they were given; "" is "not given".

    *sets* are the ``KEY=VALUE`` of ``--set``, the later ones stronger.
    """

    config: str = ""
    folder: str = ""
    profile: str = ""
    sets: tuple[str, ...] = ()
    adopted: bool = False  # what a running watcher was started with is in it
    color: str = field(default_factory=lambda: os.environ.get("AGENT2_COLOR", "auto"))

    @property
    def state_dir(self) -> str:
        """The state folder, absolute."""
        return sources.state_dir(self.folder, os.environ)

    @property
    def config_path(self) -> str:
        """The configuration file that counts, absolute, or "" for the defaults."""
        return sources.find_config(self.config, os.environ, self.state_dir)

    def path(self, name: str) -> str:
        """Return the file *name* of the state folder."""
        return os.path.join(self.state_dir, name)

    def arguments(self) -> list[str]:
        """Return these settings as arguments for one of our programs."""
        return ["--state-dir", self.state_dir, *self.choices()]

    def choices(self) -> list[str]:
        """Return what chooses the configuration, as arguments."""
        given = []
        if self.config_path:
            given += ["--config", self.config_path]
        if self.profile:
            given += ["--profile", self.profile]
        return given + [f"--set={item}" for item in self.sets]


def python() -> str:
    """Return the interpreter that runs our programs: the one that runs this."""
    return sys.executable
