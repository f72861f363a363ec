"""The watcher's own command line: six options, read without argparse (5 ms)."""

from __future__ import annotations

import os

from agent2.core.value import value
from agent2.plan import sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = {
    "-c": "config",
    "--config": "config",
    "--state-dir": "state_dir",
    "--profile": "profile",
    "--ready-fd": "ready_fd",
    "--set": "set",
}


class UsageError(Exception):
    """The command line is wrong; the text says how."""


@value
class Options:
    """What the command line and the environment chose; *sets* are ``KEY=VALUE``."""

    state_dir: str
    config: str
    profile: str
    ready_fd: int = -1
    echo: int | None = None
    sets: tuple[str, ...] = ()

    def answer(self, text: str) -> None:
        """Tell whoever started us, once: ``READY`` or ``ERROR code text``."""
        if self.ready_fd < 0:
            return
        try:
            os.write(self.ready_fd, text.encode("utf-8", "replace"))
            os.close(self.ready_fd)
        except OSError:
            pass  # it did not wait for us


def parse(argv: list[str], environ: Mapping[str, str]) -> Options:
    """Return the options of *argv* (without the program's name).

    Raises:
        UsageError: an unknown option, or one without its value.
    """
    found: dict[str, str] = {}
    sets: list[str] = []
    foreground = False
    rest = list(argv)
    while rest:
        word = rest.pop(0)
        if word in {"--foreground", "-f"}:
            foreground = True
            continue
        name, has_value, text = word.partition("=")
        if name not in _NAMES:
            raise UsageError(f"unknown option {word}; see agent2 run --help")
        if not has_value:
            if not rest:
                raise UsageError(f"{word} needs a value")
            text = rest.pop(0)
        if name == "--set":
            sets.append(text)
        found[_NAMES[name]] = text
    ready = found.get("ready_fd", "-1")
    if not ready.lstrip("-").isdigit():
        raise UsageError(f"--ready-fd needs a number, got {ready}")
    state_dir = sources.state_dir(found.get("state_dir", ""), environ)
    terminal = foreground or os.isatty(1)
    return Options(
        state_dir,
        sources.find_config(found.get("config", ""), environ, state_dir),
        found.get("profile", ""),
        int(ready),
        1 if terminal else None,
        tuple(sets),
    )
