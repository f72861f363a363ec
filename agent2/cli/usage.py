"""Words for a wrong command line, and the report of an error of our own."""

from __future__ import annotations

import errno
import os
import re
import time
import traceback

import click

from agent2.cli import codes
from agent2.cli.words import say
from agent2.core.text import visible

_EXTRA = re.compile(r"Got unexpected extra arguments? \((.*)\)", re.DOTALL)

_DISK = frozenset({errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO})


def explain(error: click.UsageError) -> tuple[str, str]:
    """Return what is wrong with the command line, and the command that helps."""
    path = error.ctx.command_path if error.ctx else "agent2"
    hint = f"{path} --help"
    match error:
        case click.NoSuchOption():
            near = error.possibilities
            if near:
                hint = f"{path} {next(iter(near))}"
            return say("usage.no_option", name=error.option_name), hint
        case click.MissingParameter():
            return say("usage.missing", name=_label(error.param)), hint
        case click.BadParameter():
            return say("usage.bad", name=_label(error.param), why=_why(error)), hint
        case click.BadOptionUsage():
            if "requires an argument" in error.message:
                return say("usage.needs_value", name=error.option_name), hint
            return say("usage.takes_none", name=error.option_name), hint
        case _ if extra := _EXTRA.fullmatch(error.message):
            return say("usage.extra", what=visible(extra[1])), hint
        case _:
            return error.format_message(), hint


def _why(error: click.BadParameter) -> str:
    """Return what is wrong with a value, in the words of the reader."""
    value, isnt, _ = error.message.partition(" is not ")
    kind = error.param.type if error.param and isnt else None
    if isinstance(kind, click.Choice):
        return say("usage.one_of", value=value, these=", ".join(kind.choices))
    if isinstance(kind, click.IntRange | click.FloatRange):
        low, high = ("" if one is None else one for one in (kind.min, kind.max))
        return say("usage.between", value=value, low=low, high=high)
    return error.message


def _label(param: click.Parameter | None) -> str:
    """Return it as it is typed: ``--why``, TARGET."""
    if isinstance(param, click.Option):
        return param.opts[-1]
    return param.human_readable_name if param else "?"


def outside(error: OSError) -> tuple[int, str, str] | None:
    """Return what to tell of the machine's own trouble; None if it is none."""
    if error.errno == errno.ENOENT and error.filename is None:  # tempfile says so
        return codes.CANNOT_CREATE, say("error.no_temporary"), say("try.temporary")
    if error.errno not in _DISK:
        return None
    message = say("error.disk", path=error.filename or "?", why=error.strerror)
    return codes.IO, message, ""


def report(error: BaseException, folder: str) -> tuple[str, str]:
    """Keep the trace of *error* in *folder* and return the line that says so."""
    path = os.path.join(folder, "agent2_cli_error.log")
    trace = "".join(traceback.format_exception(error))
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        number = os.open(path, flags, 0o600)
        with open(number, "a", encoding="utf-8") as file:
            file.write(f"--- {time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n{trace}")
    except OSError:
        path = ""
    kind = type(error).__name__
    if not path:
        return say("error.internal", kind=kind), say("try.internal_lost")
    return say("error.internal", kind=kind), say("try.internal", path=path)
