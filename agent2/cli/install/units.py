"""The shipped units with a user and paths filled in, quoted as systemd reads them."""

from __future__ import annotations

import os
import re

from agent2.cli.codes import USAGE
from agent2.cli.errors import Failure
from agent2.cli.install.place import SCRIPTS, Place
from agent2.cli.install.texts import NOT_IN_UNITS, body, carried, real_path
from agent2.cli.words import say
from agent2.plan import sources

WATCHER, FORKING = "agent2.service", "agentos-agent2.service"
RESTARTER = "agent2-restarter.service"
WEB, TELEMETRY = "agent2-web.service", "agent2-telemetry.service"
UNITS = (WATCHER, FORKING, RESTARTER, WEB, TELEMETRY)
_CONFINED = (WATCHER, WEB, TELEMETRY)  # shipped for a user that systemd makes
_LOCAL = "agent2-local.conf"
_SHARED, _HOME = "/var/lib/agent2", "/home/agentos/.agentos/multi_agent"
_LINE = re.compile(r"([A-Za-z]+)=(.*)")
# What only the system's own manager can do: a user's manager has no other users, no
# capabilities to drop (it fails with 218) and no right to hide parts of the machine.
_SYSTEM_ONLY = re.compile(
    r"(User|Group|DynamicUser|\w*Capabilit\w+|Protect\w+|Private\w+|ReadWritePaths"
    r"|\w*Directory\w*|RemoveIPC|OOMScoreAdjust|IPAddress\w+)$"
)


def unit(name: str, place: Place, *, own: bool = False, dynamic: bool = False) -> str:
    """Return the unit *name* for *place*.

    With *own* it is for that user's own manager (``systemctl --user``), with
    *dynamic* for a user that systemd makes; the restarter has neither, by itself.
    """
    lines = body("systemd", name)
    if name in _CONFINED and not dynamic:
        local = body("systemd", _LOCAL)
        if name != WATCHER:  # its command is the watcher's
            local = [line for line in local if not line.startswith("ExecStart=")]
            started = re.compile(f"^(ExecStart=.* ){_SHARED}$")
            lines = [started.sub(rf"\1{_HOME}", line) for line in lines]
        lines = _merged(lines, local)
    made: list[str] = []
    for line in lines:
        found = _LINE.fullmatch(line)
        if not found:
            made.append(line)
        elif own and only_system(*found.groups()):
            while made[-1].startswith("#"):
                made.pop()  # it spoke of this line
        else:
            made += _filled(found[1], found[2], place, own=own)
    text = "\n".join(made)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def leave_telemetry(text: str) -> str:
    """Return the watcher's unit for those who have one for telemetry too."""
    line = f'Environment="{sources.TELEMETRY_UNIT}=1"'
    return text.replace("[Service]\n", f"[Service]\n{line}\n", 1)


def follow_forking(text: str) -> str:
    """Return the restarter's unit for those whose watcher is the forking unit."""
    return text.replace(f"After={WATCHER}", f"After={FORKING}")


def _merged(lines: list[str], local: list[str]) -> list[str]:
    """Put the settings of the drop-in in the places of those that they overrule."""
    made = list(lines)
    place = made.index("DynamicUser=yes") + 1
    for key, value in [m.groups() for m in map(_LINE.fullmatch, local) if m]:
        there = [n for n, line in enumerate(made) if line.startswith(f"{key}=")]
        if there and value:
            made[there[0]] = f"{key}={value}"
        elif value:
            made.insert(place, f"{key}={value}")
            place += 1
    return made


def only_system(key: str, value: str) -> bool:
    """Can the system's own manager alone do *key=value*?"""
    return bool(_SYSTEM_ONLY.match(key)) or value == "network-online.target"


def _filled(key: str, value: str, place: Place, *, own: bool) -> list[str]:
    """Return the line *key=value* with what is real, and lines that go with it."""
    match key:
        case "User" | "Group" if place.user:
            value = place.user if key == "User" else place.group
        case "Documentation":
            value = f"file://{place.page}"
        case "ExecStart" | "ExecStop":
            words = [real_path(word, place) for word in value.split()]
            if words[0].startswith(SCRIPTS) and not place.usual_state:
                words += ["--state-dir", place.state]
            # The others take the plan that the watcher has compiled.
            if key == "ExecStart" and "/__main__.py" not in value:
                words += place.chosen
            value = " ".join(map(word, words))
        case "Environment":
            return _environment(place)
        case "ReadWritePaths":
            value = word(real_path(value, place))
        case "WorkingDirectory" | "PIDFile":
            value = carried(real_path(value, place), NOT_IN_UNITS).replace("%", "%%")
        case "WantedBy" if own:
            value = "default.target"
    return [f"{key}={value}"]


def _environment(place: Place) -> list[str]:
    """Return the forking unit's PATH and its Python: no boot shall install packages."""
    folder = os.path.dirname(place.python)
    if ":" in folder:
        raise Failure(USAGE, say("install.path", path=folder), say("try.install_path"))
    path = f"PATH={folder}:/usr/local/bin:/usr/bin:/bin"
    lines = [path, f"AGENT2_PYTHON={place.python}"]
    return [
        'Environment="' + carried(x, NOT_IN_UNITS).replace("%", "%%") + '"'
        for x in lines
    ]


def word(text: str) -> str:
    """Return *text* as one word of a command line in a unit (systemd.syntax(7))."""
    found = carried(text, NOT_IN_UNITS).replace("%", "%%")
    return f'"{found}"' if re.search(r"\s", found) else found
