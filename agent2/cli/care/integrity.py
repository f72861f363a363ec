"""``agent2 integrity``: write the lists of checksums, compare with them, show them."""

from __future__ import annotations

import os
from typing import Any

import click

from agent2.cli import codes
from agent2.cli.command import Group, with_json
from agent2.cli.configuration.plans import obtain
from agent2.cli.errors import Failure
from agent2.cli.records import print_json, print_rows
from agent2.cli.settings import Settings
from agent2.cli.words import say
from agent2.core.integrity import Difference, ListError, written
from agent2.core.text import plain, visible
from agent2.host.checksums import Scan, baseline
from agent2.host.files import write_atomic

Entry = tuple[str, dict[str, Any]]  # name of a target, options of its check


integrity = Group("integrity", help=say("help.integrity"))


@integrity.command("baseline", help=say("help.integrity.baseline"))
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@with_json
def make(settings: Settings, targets: tuple[str, ...], as_json: bool) -> None:
    """Write what is there now."""
    found = []
    for name, options in _chosen(settings, targets):
        path = plain(options["baseline"])
        scan = _scan(options, None)
        try:
            for _ in scan.steps():
                pass
            entries = {p: digest for p, digest in scan.digests.items() if digest}
            write_atomic(path, os.fsencode(written(entries)), 0o600)
        except OSError as error:
            raise _failure(path, error) from None
        left_out = len(scan.digests) - len(entries)
        found.append(
            {"target": name, "baseline": path, "files": len(entries)}
            | {"unreadable": left_out}
        )
    if as_json:
        print_json({"baselines": found})
    else:
        click.echo("\n".join(visible(say("integrity.made", **one)) for one in found))


@integrity.command("check", help=say("help.integrity.check"))
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@with_json
def compare(settings: Settings, targets: tuple[str, ...], as_json: bool) -> int:
    """Compare; 0 when nothing differs, else 2."""
    found: list[tuple[str, Difference]] = []
    for name, options in _chosen(settings, targets):
        scan = _scan(options, _known(options))
        try:
            for _ in scan.steps():
                pass
        except OSError as error:
            raise _failure(plain(options["baseline"]), error) from None
        found.append((name, scan.difference()))
    if as_json:
        print_json({"targets": [{"name": n} | _document(each) for n, each in found]})
    else:
        sorts = {
            "changed": say("integrity.changed"),
            "added": say("integrity.added"),
            "removed": say("integrity.removed"),
        }
        rows: list[Any] = [
            (name, words, path)
            for name, each in found
            for sort, words in sorts.items()
            for path in getattr(each, sort)
        ]
        columns = ("target", "state", "path")
        print_rows(columns, rows, say("integrity.same"), settings.color)
    return codes.NAGIOS["down" if any(each for _, each in found) else "ok"]


@integrity.command("show", help=say("help.integrity.show"))
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@with_json
def show(settings: Settings, targets: tuple[str, ...], as_json: bool) -> None:
    """Show the lists."""
    found = [(n, _known(options)) for n, options in _chosen(settings, targets)]
    if as_json:
        print_json({"targets": [{"name": n, "files": files} for n, files in found]})
        return
    rows: list[Any] = [
        (name, path, digest)
        for name, files in found
        for path, digest in sorted(files.items())
    ]
    columns = ("target", "path", "checksum")
    print_rows(columns, rows, say("integrity.empty"), settings.color)


def _chosen(settings: Settings, names: tuple[str, ...]) -> list[Entry]:
    """Return the checks of *names*, or all of them.

    Raises:
        Failure: there is none, or none of that name.
    """
    every = [
        (target.name, check.options)
        for target in obtain(settings).targets
        for check in target.checks
        if check.kind == "integrity"
    ]
    known = {name for name, _ in every}
    strange = [name for name in names if name not in known]
    if strange or not known:
        name, listed = visible(", ".join(strange)), ", ".join(sorted(known))
        message = say("integrity.none", name=name or "-", names=listed or "-")
        raise Failure(codes.USAGE, message, "agent2 config show")
    return [entry for entry in every if not names or entry[0] in names]


def _scan(options: dict[str, Any], known: dict[str, str] | None) -> Scan:
    include, exclude = options.get("include", ()), options.get("exclude", ())
    return Scan(_roots(options), include, exclude, known)


def _roots(options: dict[str, Any]) -> tuple[str, ...]:
    return tuple(map(plain, options["paths"]))


def _known(options: dict[str, Any]) -> dict[str, str]:
    path = plain(options["baseline"])
    try:
        return baseline(path, _roots(options))
    except FileNotFoundError:
        message = say("integrity.no_baseline", path=path)
        raise Failure(codes.USAGE, message, "agent2 integrity baseline") from None
    except (OSError, ListError) as error:
        raise _failure(path, error) from None


def _failure(path: str, error: Exception) -> Failure:
    why = getattr(error, "strerror", None) or str(error)
    where = getattr(error, "filename", None) or path
    message = say("integrity.failed", path=visible(str(where)), why=visible(why))
    return Failure(codes.IO, message, "agent2 integrity --help")


def _document(found: Difference) -> dict[str, tuple[str, ...]]:
    parts = {"changed": found.changed, "added": found.added}
    return parts | {"removed": found.removed}
