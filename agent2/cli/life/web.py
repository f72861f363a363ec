"""``agent2 web``: the program that serves the API."""

from __future__ import annotations

import os
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_json, with_settings
from agent2.cli.command import settings as shared
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.life.beside import facts, prepared, tell
from agent2.cli.life.lifecycle import become, start_program, stop_program
from agent2.cli.life.program import WEB
from agent2.cli.life.web_token import token_file
from agent2.cli.records import print_json
from agent2.cli.settings import Settings
from agent2.cli.state.status import lsb_code
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.plan import secret, sources


def _places(command: Any) -> Any:
    """Add the options that say where to listen."""
    command = click.option("--socket", metavar="PATH", help=say("option.socket"))(
        command
    )
    port = click.option(
        "--port", type=click.IntRange(0, 65535), help=say("option.web_port")
    )
    return click.option("--host", help=say("option.host"))(port(command))


@click.group(cls=Group, help=say("help.web"), invoke_without_command=True)
@_places
@click.pass_context
def web(ctx: click.Context, /, **place: Any) -> None:
    """Become the web program unless a sub-command says otherwise."""
    if ctx.invoked_subcommand is None:
        _become(shared(ctx), place)


@web.command(help=say("help.web.run"))
@_places
@with_settings
def run(settings: Settings, /, **place: Any) -> None:
    """Become the web program: same PID."""
    _become(settings, place)


def _become(settings: Settings, place: dict[str, Any]) -> None:
    prepared(settings)
    if place["socket"]:
        place["socket"] = sources.absolute(place["socket"], os.environ)
    given = [f"--{n}={each}" for n, each in place.items() if each is not None]
    become(WEB, settings, given)


@web.command(help=say("help.web.start"))
@with_settings
def start(settings: Settings) -> int:
    """Start the web program in the background."""
    prepared(settings)
    code = start_program(WEB, settings)
    click.echo(say("web.at", url=programs.address(settings)))
    return code


@web.command(help=say("help.web.stop"))
@with_settings
def stop(settings: Settings) -> int:
    """Stop the web program."""
    return stop_program(WEB, settings)


@web.command(help=say("help.web.status"))
@with_json
def status(settings: Settings, as_json: bool) -> int:
    """Tell whether it runs and where."""
    owner = programs.find(WEB, settings)
    url = programs.address(settings)
    if as_json:
        print_json(facts(owner) | {"url": url or None})
        return lsb_code(owner)
    tell(WEB, owner)
    if url:
        click.echo(say("web.at", url=url))
    return lsb_code(owner)


@web.command(help=say("help.web.token"))
@with_settings
def token(settings: Settings) -> None:
    """Print the token that changes need."""
    path = token_file(settings)
    try:
        click.echo(secret.read_secret(path)[0].strip())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        message = say("web.no_token", path=path, why=why)
        raise Failure(codes.IO, message, typed("web start", settings)) from None
