"""The store as the command line opens it, and how records are shown."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.errors import Failure
from agent2.cli.life.program import make_folder
from agent2.cli.settings import Settings
from agent2.cli.state.status import wants_table
from agent2.cli.words import say
from agent2.core.text import visible
from agent2.store.database import Database
from agent2.store.errors import StoreError
from agent2.wire.records import moment

__all__ = [
    "CODES",
    "NAME",
    "Store",
    "harmless",
    "moment",
    "print_json",
    "print_rows",
]

NAME = "agent2.db"
CODES = {
    "locked": codes.LOCKED,
    "readonly": codes.PERMISSION,
    "newer": codes.CONFIG,
}


class Store:
    """``with Store(settings) as db``: every trouble of the store becomes a Failure.

    With *create* a store that is not there is begun: what is pushed before the first
    start must not be lost.
    """

    def __init__(self, settings: Settings, *, create: bool = False) -> None:
        self._settings = settings
        self._create = create
        self._path = settings.path(NAME)
        self._db: Database | None = None

    def __enter__(self) -> Database:
        """Open the store.

        Raises:
            Failure: it is not there, cannot be made or cannot be read.
        """
        if self._create:
            make_folder(self._settings.state_dir)
        try:
            self._db = Database.open(self._path, create=self._create)
        except StoreError as error:
            raise self._failure(error) from None
        return self._db

    def __exit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        if self._db is not None:
            self._db.close()
        if isinstance(error, StoreError):
            raise self._failure(error) from None

    def _failure(self, error: StoreError) -> Failure:
        what, _, advice = str(error).partition("; ")
        code = CODES.get(error.kind, codes.IO)
        if code == codes.PERMISSION and self._is_anothers():
            advice = say("try.not_yours")  # its mode is right: it holds secrets
        return Failure(code, say("error.store", why=what), advice)

    def _is_anothers(self) -> bool:
        try:
            return os.stat(self._path).st_uid != os.geteuid()
        except OSError:
            return False


def print_json(document: Any) -> None:
    """Print one JSON document, unescaped but for what would act on a terminal."""
    click.echo(harmless(json.dumps(document, ensure_ascii=False, indent=2)))


def harmless(document: str) -> str:
    """Return a JSON text in which what acts on a terminal is escaped."""
    if all(line.isprintable() for line in document.split("\n")):
        return document
    return "".join(
        char if char.isprintable() or char in "\n\t" else json.dumps(char)[1:-1]
        for char in document
    )


def print_rows(
    columns: Sequence[str], rows: list[Sequence[object]], empty: str, color: str
) -> None:
    """Print rows: a table on a terminal, tab-separated with a header in a pipe.

    *columns* are ids of the ``table.`` words; *empty* is said when there is no row.
    """
    if not rows:
        click.echo(empty)
    elif wants_table(color):
        _table(columns, rows, color)
    else:
        click.echo("\n".join(_lines(columns, rows)))


def _lines(columns: Sequence[str], rows: list[Sequence[object]]) -> Iterator[str]:
    yield "\t".join(say(f"table.{name}") for name in columns)
    for row in rows:
        yield "\t".join(_cell(cell) for cell in row)


def _cell(cell: object) -> str:
    if cell is None:
        return "-"
    return visible(str(cell).replace("\t", " ").replace("\n", " "))


def _table(columns: Sequence[str], rows: list[Sequence[object]], color: str) -> None:
    from rich.markup import escape
    from rich.table import Table

    from agent2.cli.state.table import console

    table = Table(box=None, pad_edge=True, header_style="bold")
    for name in columns:
        table.add_column(say(f"table.{name}"), overflow="fold")
    for row in rows:
        table.add_row(*(escape(_cell(cell)) for cell in row))
    console(color).print(table)
