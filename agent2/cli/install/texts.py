"""The shipped plist and rotation rules, with a user and paths filled in.

The files in systemd/ and launchd/ are the only texts. They are written for a user
"agentos" and a checkout in /opt/agent2; here the real ones take their places.
"""

from __future__ import annotations

import os
import re
from xml.sax.saxutils import escape

from agent2.cli.codes import USAGE
from agent2.cli.errors import Failure
from agent2.cli.install.place import ROOT, SCRIPTS, Place
from agent2.cli.settings import PACKAGE
from agent2.cli.words import say

PLIST = "com.agentos.agent2.plist"
CARE = ("com.agentos.agent2.daily.plist", "com.agentos.agent2.hourly.plist")
# Characters that no quoting carries through: shell and glob, blank fields, XML.
_NOT_IN_RULES = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\"'\\$`!*?{}\[\]]|\s$")
# Read anew after all quoting by systemd, or ending a value (systemd.syntax(7)).
NOT_IN_UNITS = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\"'\\$]|\s$")
_NOT_IN_FIELDS = re.compile(r"[\s\x00-\x1f\x7f\ud800-\udfff#*?{}\[\]\"'\\]")
_NOT_IN_XML = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def logrotate(place: Place) -> str:
    """Return the rules of logrotate for the logs of *place*."""
    found = "\n".join(body("systemd", "logrotate-agent2"))
    state = carried(place.state, _NOT_IN_RULES)
    mark = '"' if re.search(r"\s", state) else ""
    found = re.sub(
        r"/home/agentos/\.agentos/multi_agent(/[\w.]+)",
        lambda name: f"{mark}{state}{name[1]}{mark}",
        found,
    )
    found = found.replace("su agentos agentos", f"su {place.user} {place.group}")
    found = found.replace("0644 agentos agentos", f"0644 {place.user} {place.group}")
    return found.replace("/bin/sh agentos -c", f"/bin/sh {place.user} -c") + "\n"


def newsyslog(place: Place) -> str:
    """Return the line of newsyslog for the log of *place*."""
    found = "\n".join(body("launchd", "newsyslog-agent2.conf"))
    state = carried(place.state, _NOT_IN_FIELDS)
    found = found.replace("/Users/agentos/.agentos/multi_agent", state)
    return found.replace("agentos:staff", f"{place.user}:{place.group}") + "\n"


def plist(place: Place, name: str = PLIST) -> str:
    """Return a plist for *place*; launchd knows no ``~``, so all is absolute."""
    whole = shipped("launchd", name)
    whole = re.sub(r"<!-- .*? -->\n", "", whole, flags=re.DOTALL)
    more = [] if place.usual_state else ["--state-dir", place.state]

    def fill(found: re.Match[str]) -> str:
        real = real_path(found[2], place)
        words = [found[2] if real == found[2] else carried(real, _NOT_IN_XML)]
        if words[0].endswith(("agent2_monitor.py", "__main__.py")):
            words += [carried(word, _NOT_IN_XML) for word in (*more, *place.chosen)]
        return "\n".join(f"{found[1]}<string>{escape(w)}</string>" for w in words)

    return re.sub(r"(\t+)<string>(.*)</string>", fill, whole)


def shipped(folder: str, name: str) -> str:
    """Return the text of a shipped file."""
    with open(os.path.join(PACKAGE, folder, name), encoding="utf-8") as file:
        return file.read()


def body(folder: str, name: str) -> list[str]:
    """Return the lines of a shipped file without the comment on how to copy it."""
    lines = shipped(folder, name).splitlines()
    while lines[0].startswith("#") and not lines[0].startswith("# logfilename"):
        del lines[0]
    return lines


def real_path(word: str, place: Place) -> str:
    """Return what stands in the place of a word of a shipped text."""
    writable = os.path.dirname(place.state) if place.usual_state else place.state
    word = re.sub(r"^/Users\b", "/home", word)
    for text, real in (
        ("/opt/agent2/.venv/bin/python", place.python),
        ("/opt/agent2/scripts", SCRIPTS),
        ("/opt/agent2/agent2", PACKAGE),
        ("/opt/agent2", ROOT),
        ("/home/agentos/.agentos/multi_agent", place.state),
        ("/home/agentos/.agentos", writable),
        ("/home/agentos", place.home),
    ):
        if word == text or word.startswith(f"{text}/"):
            return real + word[len(text) :]
    return word


def carried(text: str, refused: re.Pattern[str]) -> str:
    """Return *text* unless it has a character of *refused*.

    Raises:
        Failure: it has.
    """
    if refused.search(text):
        path = text.encode("unicode_escape", "backslashreplace").decode()
        raise Failure(USAGE, say("install.path", path=path), say("try.install_path"))
    return text
