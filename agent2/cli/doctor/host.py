"""``agent2 doctor host``: kernel, limits and nginx held against an expectation."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator

import click

from agent2.cli import codes
from agent2.cli.command import Command, with_json
from agent2.cli.configuration.plans import obtain
from agent2.cli.doctor import nginx, ulimits, upstreams
from agent2.cli.doctor.doctor import code_of, document, show
from agent2.cli.doctor.expected import Wanted, load
from agent2.cli.doctor.finding import Case, Finding
from agent2.cli.errors import Failure
from agent2.cli.records import print_json
from agent2.cli.settings import PACKAGE, Settings
from agent2.cli.state import snapshot
from agent2.cli.words import say
from agent2.host.machine import read

SHIPPED = os.path.join(PACKAGE, "profiles", "host-baseline.yaml")
_LARGEST = 16 << 20


@click.command(cls=Command, help=say("help.doctor.host"))
@click.option("--expect", default=SHIPPED, metavar="FILE", help=say("option.expect"))
@click.option("--nginx", "dump", metavar="FILE", help=say("option.nginx"))
@with_json
def host(settings: Settings, expect: str, dump: str | None, as_json: bool) -> int:
    """Print each difference with the line to change; change nothing."""
    wanted = load(os.path.abspath(expect))
    case = Case(settings, snapshot.read(settings), time.time())
    found = list(_sysctl(case, wanted["sysctl"]))
    found += ulimits.compare(case, wanted["limits"])
    if dump is not None:
        text = _text(dump)
        found += nginx.compare(case, text, wanted["nginx"])
        if settings.config_path:
            found += upstreams.compare(case, text, obtain(settings))
    if as_json:
        print_json(document(found, case) | {"expected": os.path.abspath(expect)})
        return code_of(found)
    show(found)
    if wanted["nginx"] and dump is None:
        click.echo(say("host.no_nginx"))
    return code_of(found)


def _sysctl(case: Case, wanted: dict[str, Wanted]) -> Iterator[Finding]:
    for name, want in wanted.items():
        path = os.path.join("/proc/sys", *name.split("."))
        has = " ".join(read(path).decode("utf-8", "replace").split())
        case.note("sysctl", **{name: has or None})
        if not has:
            text = say("host.no_sysctl", name=name)
            yield Finding("sysctl", "unreadable", text, f"sysctl {name}")
        elif not want.holds(has):
            text = say("host.differs", name=name, has=has, wanted=want)
            do = say("host.do_sysctl", line=f"{name} = {want.value}")
            yield Finding("sysctl", "differs", text, do)


def _text(path: str) -> str:
    """Return what ``nginx -T`` printed: a file, or ``-`` for standard input.

    Raises:
        Failure: it cannot be read.
    """
    try:
        if path == "-":
            return sys.stdin.read(_LARGEST)
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_LARGEST)
    except OSError as error:
        text = say("logs.unreadable", path=path, why=error.strerror)
        raise Failure(codes.IO, text, "nginx -T > FILE") from None
