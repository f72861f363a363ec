"""``agent2 open``: the dashboard in the browser, with the token already in it.

The token never stands in a program's arguments, where every user of the machine could
read it: the browser is given a file of ours (0600) that leads on to the page. The page
takes the token out of the address at once.
"""

from __future__ import annotations

import html
from urllib.parse import quote

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.life.launch import launch
from agent2.cli.life.program import WEB
from agent2.cli.life.web_token import token_of
from agent2.cli.records import print_json
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.host.files import write_atomic

FILE = "open.html"
_PAGE = (
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url={url}"><title>Agent2</title>'
    '<a href="{url}">Agent2</a>\n'
)


@click.command("open", cls=Command, help=say("help.open"))
@click.option("--print", "only_print", is_flag=True, help=say("option.open_print"))
@with_json
def open_page(settings: Settings, only_print: bool, as_json: bool) -> None:
    """Open the dashboard; start the web program if it does not run."""
    if not programs.find(WEB, settings).running:
        _start(settings)
    url = programs.address(settings)
    if not url:
        raise Failure(codes.UNREACHABLE, say("open.none"), typed("web", settings))
    if not url.startswith("http"):
        raise Failure(codes.UNREACHABLE, say("open.socket", url=url), "")
    full = f"{url}#token={quote(token_of(settings), safe='')}"
    if as_json:
        print_json({"url": full})
    elif only_print or not _shown(settings, full):
        click.echo(full)
    else:
        click.echo(say("open.done", url=url))


def _start(settings: Settings) -> None:
    told = launch(WEB, settings)
    if told.code:
        why = told.text.removeprefix("agent2 web: ") or say("open.none")
        raise Failure(told.code, why, typed("web", settings))


def _shown(settings: Settings, full: str) -> bool:
    """Lead a browser there; False: there is none."""
    import webbrowser

    path = settings.path(FILE)
    page = _PAGE.format(url=html.escape(full))
    write_atomic(path, page.encode(), 0o600, sync=False)
    return webbrowser.open(f"file://{quote(path)}")
