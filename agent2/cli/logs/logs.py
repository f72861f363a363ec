"""``agent2 logs``: what a log says, as the operations guide's scripts say it."""

from __future__ import annotations

import time

import click

from agent2.cli import codes
from agent2.cli.command import Group, settings
from agent2.cli.errors import Failure
from agent2.cli.logs import shown
from agent2.cli.logs.reading import Counter, followed, read
from agent2.cli.records import print_json
from agent2.cli.words import say
from agent2.logs.access import Access
from agent2.logs.application import Application

APP_LOG = "/var/log/multi-agent-service/app.log"
ACCESS_LOG = "/var/log/nginx/multi-agent-service.access.log"

logs = Group("logs", help=say("help.logs"))
_files = click.argument("files", nargs=-1, metavar="[FILE]...")
_form = click.option(
    "--format", "form", default="auto", metavar="FORM", help=say("option.log_format")
)
_json = click.option("--json", "as_json", is_flag=True, help=say("option.json"))
_DAY = click.DateTime(["%Y-%m-%d"])


def _date(_ctx: click.Context, _param: click.Parameter, given: object) -> str:
    return f"{given:%Y-%m-%d}" if given else ""


_when = click.option(
    "--date",
    type=_DAY,
    callback=_date,
    metavar="YYYY-MM-DD",
    help=say("option.log_date"),
)


@logs.command("analyze", short_help=say("command.logs.analyze"))
@_files
@_form
@_when
@click.option(
    "--slow", type=click.FloatRange(0), default=5.0, help=say("option.log_slow")
)
@click.option("--top", type=click.IntRange(1), default=20, help=say("option.log_top"))
@_json
@click.pass_context
def analyze(
    ctx: click.Context,
    files: tuple[str, ...],
    form: str,
    date: str,
    slow: float,
    top: int,
    as_json: bool,
) -> None:
    """Tell all that the files say."""
    if not files:
        raise Failure(codes.USAGE, say("logs.no_file"), "agent2 logs analyze FILE")
    found = read(files, form, date, slow, settings(ctx).color)
    _print(found, date, top, as_json=as_json, whole=True)


@logs.command("errors", short_help=say("command.logs.errors"))
@_files
@_form
@_when
@_json
@click.pass_context
def errors(
    ctx: click.Context, files: tuple[str, ...], form: str, date: str, as_json: bool
) -> None:
    """Tell the errors of a day."""
    date = date or time.strftime("%Y-%m-%d")
    files = files or followed(settings(ctx), ("json", "agent2", "auto")) or (APP_LOG,)
    found = read(files, form, date, 5.0, settings(ctx).color)
    if isinstance(found, Access):
        raise Failure(codes.USAGE, say("logs.not_app"), "agent2 logs access FILE")
    _print(found, date, 10, as_json=as_json)


@logs.command("access", short_help=say("command.logs.access"))
@_files
@_form
@_when
@click.option("--top", type=click.IntRange(1), default=20, help=say("option.log_top"))
@click.option(
    "--suspicious",
    type=click.IntRange(1),
    default=100,
    help=say("option.log_suspicious"),
)
@_json
@click.pass_context
def access(
    ctx: click.Context,
    files: tuple[str, ...],
    form: str,
    date: str,
    top: int,
    suspicious: int,
    as_json: bool,
) -> None:
    """Tell who asks, and who asks too often."""
    files = files or followed(settings(ctx), ("nginx",)) or (ACCESS_LOG,)
    found = read(files, form, date, 5.0, settings(ctx).color)
    if isinstance(found, Application):
        raise Failure(codes.USAGE, say("logs.not_access"), "--format nginx:combined")
    _print(found, date, top, as_json=as_json, limit=suspicious)


def _print(
    found: Counter,
    date: str,
    top: int,
    *,
    as_json: bool,
    whole: bool = False,
    limit: int = 100,
) -> None:
    if isinstance(found, Access):
        if as_json:
            print_json(shown.access_tree(found, date, top, limit))
        else:
            lines = shown.access_lines(found, top, limit, whole=whole)
            click.echo("\n".join(lines))
    elif as_json:
        print_json(shown.application_tree(found, date))
    else:
        parts = list(shown.error_lines(found, date))
        if whole:
            parts += ["", *shown.time_lines(found, date)]
        click.echo("\n".join(parts))
