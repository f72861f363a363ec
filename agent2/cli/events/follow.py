"""``agent2 events follow``: what happens, as it happens, from the web program."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_settings
from agent2.cli.errors import Failure
from agent2.cli.life import program as programs
from agent2.cli.life.web_token import token_of
from agent2.cli.records import harmless
from agent2.cli.settings import Settings
from agent2.cli.typed import typed
from agent2.cli.words import say
from agent2.core.text import visible

_PATH = "/api/v1/events"
_QUIET_S = 30.0  # a comment comes every 10 s: a longer silence is a dead connection
_WAIT_S = 2.0
_FIELDS = ("id", "event", "data")
_LONGEST = 8 << 20  # bytes of a line; a state of ten thousand targets has six million


class _LocalConnection(HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


@click.command(cls=Command, help=say("help.events.follow"))
@click.option("--since", "last", default="", metavar="ID", help=say("option.since_id"))
@click.option("--count", type=click.IntRange(1), help=say("option.count"))
@click.option("--json", "as_json", is_flag=True, help=say("option.json_lines"))
@with_settings
def follow(settings: Settings, last: str, count: int | None, as_json: bool) -> None:
    """Print every entry of the journal as it comes, until interrupted."""
    shown = 0
    for told in _events(settings, last):
        _print(told, as_json)
        shown += told["event"] != "reset"
        if shown == count:
            break


def _print(told: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(harmless(json.dumps(told, ensure_ascii=False)))
    elif told["event"] == "reset":
        click.echo(visible(say("events.follows", id=told["id"])))
    else:
        entry = told["data"]
        shown = {name: each for name, each in entry["body"].items() if each != ""}
        shown.pop("at", None)  # the line begins with it
        body = " ".join(f"{name}={each}" for name, each in shown.items())
        line = f"{entry['at']}  {entry['kind']}  {entry['target'] or '-'}  {body}"
        click.echo(visible(line.rstrip()))


def _events(settings: Settings, last: str) -> Iterator[dict[str, Any]]:
    """Yield events for ever; a lost connection is taken up where it ended.

    Raises:
        Failure: the web program cannot be reached at the first try.
    """
    begun = False
    while True:
        try:
            with closing(_connection(settings)) as connection:
                for told in _read(_ask(connection, settings, last)):
                    begun, last = True, _sendable(told["id"]) or last
                    yield told
        except (OSError, HTTPException, ValueError) as error:
            if not begun:
                message = say("events.not_followed", why=visible(str(error)))
                hint = typed("web start", settings)
                raise Failure(codes.UNREACHABLE, message, hint) from None
        time.sleep(_WAIT_S)


def _connection(settings: Settings) -> HTTPConnection:
    """Return a connection to the web program, not yet made.

    Raises:
        ConnectionError: none runs.
    """
    url = programs.address(settings)
    if not url:
        raise ConnectionError(say("stop.not_running", name=programs.WEB.name))
    if url.startswith("unix:"):
        return _LocalConnection(url.removeprefix("unix:"), _QUIET_S)
    parts = urlsplit(url)
    return HTTPConnection(parts.hostname or "", parts.port, timeout=_QUIET_S)


def _ask(connection: HTTPConnection, settings: Settings, last: str) -> HTTPResponse:
    headers = {"Accept": "text/event-stream"}
    headers |= {"Last-Event-ID": last} if last else {}
    token = token_of(settings)
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    connection.request("GET", _PATH, headers=headers)
    answer = connection.getresponse()
    if answer.status != HTTPStatus.OK:
        raise ConnectionError(f"HTTP {answer.status}")
    return answer


def _read(answer: HTTPResponse) -> Iterator[dict[str, Any]]:
    """Yield the events of a stream (HTML standard, 9.2.6), those that are like ours."""
    fields: dict[str, str] = {}
    while line := answer.readline(_LONGEST):
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        name, _, worth = text.partition(":")
        if name in _FIELDS:
            fields[name] = worth.removeprefix(" ")
        if text:
            continue
        told: dict[str, Any] = {"id": fields.get("id", "")}
        told["event"] = fields.get("event", "message")
        told["data"] = _loaded(fields.get("data", ""))
        if told["event"] == "reset" or _is_entry(told["data"]):
            yield told
        fields = {}


def _sendable(text: str) -> str:
    """Return an event's id as a header may hold it, else ""."""
    return text if text.isascii() and text.isprintable() else ""


def _loaded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_entry(tree: Any) -> bool:
    if not isinstance(tree, dict) or not {"at", "kind", "target"} <= tree.keys():
        return False
    return isinstance(tree.get("body"), dict)
