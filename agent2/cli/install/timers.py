"""The timers that make backups, for the user and paths of an installed Agent2.

Cleanup, archive and check need none: the watcher has them done by itself.
"""

from __future__ import annotations

import os
import re

from agent2.cli.install.place import Place
from agent2.cli.install.texts import NOT_IN_UNITS, body, carried, real_path
from agent2.cli.install.units import only_system, word
from agent2.cli.settings import PACKAGE
from agent2.plan import sources, stored

SERVICE = "agentos-agent2-care@.service"
TIMERS = ("agentos-agent2-daily.timer", "agentos-agent2-hourly.timer")
_ELSEWHERE = "/var/backups/agentos"  # the folder of the documents
_LINE = re.compile(r"([A-Za-z]+)=(.*)")
_DYNAMIC = re.compile(r"(DynamicUser|StateDirectory\w*)$")


def texts(place: Place, *, own: bool) -> dict[str, str]:
    """Return name and text of the unit and its timers; *own*: of a user's manager."""
    found = {name: "\n".join(body("systemd", name)) + "\n" for name in TIMERS}
    return {SERVICE: _unit(place, own=own)} | found


def _unit(place: Place, *, own: bool) -> str:
    made: list[str] = []
    for line in body("systemd", SERVICE):
        found = _LINE.fullmatch(line)
        if found:
            made += _filled(found[1], found[2], place, own=own)
        elif not line.startswith("# "):
            made.append(line)
    text = "\n".join(made)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def _filled(key: str, value: str, place: Place, *, own: bool) -> list[str]:
    """Return the line *key=value* with what is real, and lines that go with it."""
    if own and only_system(key, value):
        return []
    dynamic = not place.user
    match key:
        case "ExecStart":
            return [f"ExecStart={_command(place)}"]
        case "Environment":
            return []  # the command names all of it
        case "Documentation":
            return [f"Documentation=file://{place.page}"]
        case "User" if not dynamic:
            folders = " ".join(_writable(place))
            return [
                f"User={place.user}",
                f"Group={place.group}",
                f"ReadWritePaths={folders}",
            ]
        case "ProtectHome" if not dynamic:
            return ["ProtectHome=no"]
    if not dynamic and _DYNAMIC.match(key):
        return []
    return [f"{key}={value}"]


def _command(place: Place) -> str:
    main = os.path.join(PACKAGE, "__main__.py")
    words = [place.python, "-I", main, "--state-dir", place.state, *place.chosen]
    return " ".join((*map(word, words), "backup", "%i"))


def _writable(place: Place) -> list[str]:
    """Return the folders that a backup writes to, as systemd reads them."""
    folders = [real_path("/home/agentos/.agentos", place)]
    folders += ["-" + each for each in (_ELSEWHERE, _configured(place)) if each]
    return [word(carried(each, NOT_IN_UNITS)) for each in dict.fromkeys(folders)]


def _configured(place: Place) -> str:
    """Return the folder of backups that the plan names, "" where there is none yet."""
    try:
        plan = stored.load(os.path.join(place.state, sources.PLAN_NAME))
    except stored.PlanError:
        return ""
    return plan.store.backup_folder
