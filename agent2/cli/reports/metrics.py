"""``agent2 metrics``: the figures of ``/metrics`` without the web program."""

from __future__ import annotations

import os

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.errors import Failure
from agent2.cli.records import Store, print_json
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.host.files import write_atomic
from agent2.metrics.family import Families
from agent2.metrics.gather import gather
from agent2.metrics.promises import Promises
from agent2.metrics.text import document, render
from agent2.wire import snapshot

_END = ".prom"  # the only files that the textfile collector reads


@click.command(cls=Command, help=say("help.metrics"))
@click.option("--textfile", default="", metavar="PATH", help=say("option.textfile"))
@with_json
def metrics(settings: Settings, textfile: str, as_json: bool) -> None:
    """Print the figures, or put them where a node exporter reads them."""
    if textfile and not textfile.endswith(_END):
        raise Failure(codes.USAGE, say("error.textfile", path=textfile, end=_END), "")
    found = _gathered(settings)
    if textfile:
        path = os.path.abspath(textfile)
        try:
            write_atomic(path, render(found.all()), mode=0o644, sync=False)
        except PermissionError:
            raise
        except OSError as error:
            text = say("error.write", path=path, why=error.strerror or error)
            raise Failure(codes.CANNOT_CREATE, text, "") from None
    elif as_json:
        print_json({"metrics": document(found.all())})
    else:
        click.echo(render(found.all()).decode(), nl=False)


def _gathered(settings: Settings) -> Families:
    with Store(settings) as store:
        seen = snapshot.read(settings.state_dir, shown=False)
        return gather(store, seen, None, Promises(settings.state_dir))
