"""Units that are installed: do they lead to this Agent2, and are they its newest?"""

from __future__ import annotations

import os
import pwd
import re
import shlex
from collections.abc import Iterator

from agent2.cli.doctor.finding import BAD, Case, Finding
from agent2.cli.errors import Failure
from agent2.cli.install import units
from agent2.cli.install.files import Standing, Written
from agent2.cli.install.place import no_user, place
from agent2.cli.settings import PACKAGE
from agent2.cli.words import say
from agent2.host.files import read_small
from agent2.plan import sources

AREA = "units"
_KEY = re.compile(r"^([A-Za-z]+)=(.*)", re.MULTILINE)
_LARGEST = 1 << 16


def look(case: Case) -> Iterator[Finding]:
    """Look at the units of the system and of who asks."""
    found = []
    for folder, own in _folders():
        for name in units.UNITS:
            path = os.path.join(folder, name)
            try:
                text = read_small(path, _LARGEST).decode("utf-8", "replace")
            except OSError:
                continue
            found.append(path)
            yield from _unit(case, path, text, own=own)
    case.note(AREA, installed=found)


def _folders() -> list[tuple[str, bool]]:
    own = os.environ.get("XDG_CONFIG_HOME", "")
    own = own or os.path.join(sources.home(os.environ), ".config")
    return [
        ("/etc/systemd/system", False),
        (os.path.join(own, "systemd", "user"), True),
    ]


def _unit(case: Case, path: str, text: str, *, own: bool) -> Iterator[Finding]:
    lines = dict(_KEY.findall(text))
    scope = " --scope user" if own else ""
    anew = f"agent2 install systemd{scope} --now"
    try:
        words = shlex.split(lines.get("ExecStart", ""))
    except ValueError:
        words = []
    gone = [w for w in words if w.startswith("/") and _is_program(w) and not _there(w)]
    if gone or not words:
        text = say("doctor.unit_gone", path=path, gone=" ".join(gone) or "ExecStart")
        yield Finding(AREA, "gone", text, anew, BAD)
        return
    script = next((w for w in words if _is_program(w)), "")
    if script.endswith(".py") and not _same(script):
        text = say("doctor.unit_other", path=path, other=script, this=PACKAGE)
        yield Finding(AREA, "other", text, anew)
    elif Written(path).standing is not Standing.FOREIGN and _is_old(
        case, os.path.basename(path), lines, text, own=own
    ):
        yield Finding(AREA, "old", say("doctor.unit_old", path=path), anew)


def _is_old(
    case: Case, name: str, lines: dict[str, str], text: str, *, own: bool
) -> bool:
    """Would we write other settings than stand there? Their values are the user's."""
    dynamic = "DynamicUser" in lines
    user = pwd.getpwuid(os.geteuid()).pw_name if own else lines.get("User", "")
    try:
        where = (
            no_user(case.settings)
            if dynamic
            else place(case.settings, user, lines.get("Group", ""))
        )
        wanted = units.unit(name, where, own=own, dynamic=dynamic)
    except Failure:
        return False  # written for another place: nothing to compare it with
    told = {key for key, _ in _KEY.findall(text)} - {"Environment"}
    return told != {key for key, _ in _KEY.findall(wanted)} - {"Environment"}


def _is_program(word: str) -> bool:
    return word.endswith((".py", ".sh")) or "/bin/" in word


def _there(path: str) -> bool:
    """Is it there, or hidden from who asks?"""
    try:
        os.stat(path)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _same(script: str) -> bool:
    return os.path.realpath(script).startswith(os.path.realpath(PACKAGE) + os.sep)
