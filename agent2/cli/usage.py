"""Words for a wrong command line, and the report of an error of our own."""

from __future__ import annotations

import os
import time
import traceback

import click

from agent2.cli.words import say


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
            return say("usage.bad", name=_label(error.param), why=error.message), hint
        case click.BadOptionUsage():
            return say("usage.bad", name=error.option_name, why=error.message), hint
        case _:
            return error.format_message(), hint


def _label(param: click.Parameter | None) -> str:
    """Return it as it is typed: ``--why``, TARGET."""
    if isinstance(param, click.Option):
        return param.opts[-1]
    return param.human_readable_name if param else "?"


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
