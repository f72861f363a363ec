"""The files that a command reads: named, or those of the configuration's checks."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Sequence

from agent2.cli import codes
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.text import plain, visible
from agent2.logs.access import Access
from agent2.logs.application import Application
from agent2.logs.blocks import blocks
from agent2.logs.forms import FORMS, counter
from agent2.logs.nginx import FormatError

Counter = Access | Application


_LARGE = 20_000_000  # bytes from which on a terminal sees how far it is


def followed(settings: Settings, forms: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    """Return the files that checks of kind ``logfile`` follow, of these *forms*."""
    plan = obtain(settings)
    found = [
        os.path.realpath(plain(check.options["file"]))
        for target in plan.targets
        for check in target.checks
        if check.kind == "logfile"
        and check.options.get("file")
        and str(check.options.get("format", "auto")).startswith(forms)
    ]
    return tuple(dict.fromkeys(found))


def read(
    files: Sequence[str], form: str, date: str, slow: float, color: str
) -> Counter:
    """Return what is counted over all of *files*, of one form.

    Raises:
        Failure: a file cannot be read, or there is no such form.
    """
    found: Counter | None = None
    path = ""
    try:
        with _progress(files, color) as advance:
            for path in files:
                for block in blocks(path, advance):
                    if found is None:
                        found = counter(form, block, date, slow)
                    found.feed(block)
        return found or counter(form, b"", date, slow)
    except FormatError as error:
        hint = f"--format {' | '.join(FORMS)} | nginx:'$remote_addr …'"
        raise Failure(codes.USAGE, visible(str(error)), hint) from None
    except PermissionError:
        raise
    except OSError as error:
        where = error.filename or path
        why = error.strerror or type(error).__name__
        text = say("logs.unreadable", path=visible(str(where)), why=why)
        raise Failure(codes.IO, text, say("logs.name_file")) from None


@contextlib.contextmanager
def _progress(files: Sequence[str], color: str) -> Iterator[Callable[[int], object]]:
    """Show on a terminal how far a long reading is."""
    size = sum(os.path.getsize(path) for path in files)
    if size < _LARGE or not sys.stderr.isatty():
        yield int
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    console = Console(stderr=True, no_color=color == "never")
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=size)
        yield lambda count: bar.advance(task, count)
