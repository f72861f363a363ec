"""``${VAR}``, ``${VAR:-default}``, ``${file:name}`` while the plan is made.

Each is tried now, so that a slip is found here with its line and not at night when
the alert must go out. The words are those of ``plan.expand``, which reads them again
when the text is used.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping

from agent2.compiler.words import Wrong
from agent2.plan.secret import read_secret

_REFERENCE = re.compile(r"\$(?:\$|\{(file:)?([^}:]+)(?::-([^}]*))?\})")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def refers(text: str) -> bool:
    """Does *text* hold a reference, whole or broken?"""
    return "${" in text.replace("$$", "")


def expand(text: str, base: str, environ: Mapping[str, str]) -> str:
    """Return *text* with its references put in, as ``plan.expand`` will.

    Raises:
        Wrong: one of them leads nowhere.
    """

    def put(match: re.Match[str]) -> str:
        is_file, name, default = match.groups()
        if name is None:
            return "$"
        if is_file:
            return _file(name, base, environ)
        return _variable(name, default, environ)

    # Cut out what is understood; what then still looks like a reference is broken.
    if "${" in _REFERENCE.sub("", text):
        raise Wrong(
            "a reference is not understood",
            "Write $$ for a dollar sign.",
            expected="${NAME}, ${NAME:-default} or ${file:name}",
        )
    return _REFERENCE.sub(put, text)


def _variable(name: str, default: str | None, environ: Mapping[str, str]) -> str:
    if not _NAME.fullmatch(name):
        what = "a reference names no variable"
        hint = "Names have letters, digits and _; write $$ for a dollar sign."
        raise Wrong(what, hint, expected="a name such as ${SMTP_PASSWORD}")
    found = environ.get(name)
    if found:
        return found
    if default is None:
        what = f"environment variable {name} is not set"
        hint = f"Set it, or write ${{{name}:-}} to allow that it is empty."
        raise Wrong(what, hint, expected="a variable with a value")
    return default


def _file(name: str, base: str, environ: Mapping[str, str]) -> str:
    for path, private in _places(name, base, environ):
        try:
            text, found = read_secret(path)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8"
            what = f"secret file {name} cannot be read: {why}"
            expected = "a text file that the agent may read"
            raise Wrong(what, f"See {path}.", expected=expected) from None
        loose = stat.S_IMODE(found.st_mode) & 0o077
        if loose and not private:
            what = f"secret file {name} is open to others"
            raise Wrong(what, f"Run: chmod 600 {path}", expected="mode 0600")
        return text
    what = f"secret file {name} is not there"
    hint = "It is sought beside the configuration file."
    raise Wrong(what, hint, expected="a file with the secret alone")


def _places(name: str, base: str, environ: Mapping[str, str]) -> list[tuple[str, bool]]:
    """Return where the file may be, and whether others guard it there."""
    path = os.path.expanduser(name)
    if os.path.isabs(path):
        return [(path, False)]
    # systemd guards its credentials by an ACL, which shows as group bits.
    guarded = environ.get("CREDENTIALS_DIRECTORY")
    places = [(os.path.join(guarded, path), True)] if guarded else []
    return [*places, (os.path.join(base, path), False)] if base else places
