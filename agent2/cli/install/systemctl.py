"""``systemctl`` as ``agent2 install systemd`` calls it, for the system or a user."""

from __future__ import annotations

import shutil
import subprocess
from typing import Literal, TypeAlias

import click

from agent2.cli.codes import IO
from agent2.cli.errors import Failure
from agent2.cli.words import say

Scope: TypeAlias = Literal["system", "user"]


def how(scope: Scope) -> list[str]:
    """Return how systemctl is called here; [] where no systemd runs, and say so."""
    words = ["systemctl", "--user"] if scope == "user" else ["systemctl"]
    if shutil.which("systemctl"):
        told = subprocess.run(
            [*words, "is-system-running"], capture_output=True, text=True, check=False
        )
        # Not booted by systemd: "offline"; a user without a manager: nothing at all.
        if told.stdout.strip() not in {"", "offline", "unknown"}:
            return words
    click.echo(say("install.no_systemd"))
    return []


def take_up(scope: Scope, *calls: list[str]) -> None:
    """Run each of *calls*, if a systemd runs here."""
    systemctl = how(scope)
    for words in calls:
        if systemctl:
            run([*systemctl, *words])


def forget(words: list[str]) -> None:
    """Run a command of which the end is all the same: one may have been forgotten."""
    subprocess.run(words, capture_output=True, check=False)


def run(words: list[str]) -> None:
    """Run a command and say so.

    Raises:
        Failure: it failed; its own first line says why.
    """
    line = " ".join(words)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        why = (done.stderr.strip() or f"exit {done.returncode}").splitlines()[0]
        message = say("install.failed", command=line, why=why)
        raise Failure(IO, message, "systemctl status agent2; journalctl -xe")
    click.echo(say("install.ran", command=line))
