"""Python and the libraries: there, as new as the lock file, none known to be bad.

All of it is looked up in what is installed; nothing is asked of any network.
"""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata

from agent2.cli.doctor.finding import BAD, Case, Finding
from agent2.cli.settings import PACKAGE
from agent2.cli.words import say
from agent2.host.files import read_small

AREA = "libraries"
_PYTHON = (3, 11)
_LOCK = os.path.join(os.path.dirname(PACKAGE), "requirements.lock")
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)
_NEEDED = ("pyyaml", "pydantic", "requests", "tenacity", "psutil")
# The first version without a fault that the GitHub Advisory Database tells of and that
# touches what we do with it. Not complete, and growing old: the lock file counts.
BAD_BEFORE = {
    "requests": ("2.32.4", "CVE-2024-47081"),
    "urllib3": ("2.6.0", "CVE-2025-66471"),
    "certifi": ("2024.7.4", "CVE-2024-39689"),
    "idna": ("3.7", "CVE-2024-3651"),
    "h11": ("0.16.0", "CVE-2025-43859"),
    "starlette": ("0.49.1", "CVE-2025-62727"),
    "pyyaml": ("5.4", "CVE-2020-14343"),
}


def look(case: Case, *, deep: bool = False) -> Iterator[Finding]:
    """See that all is there; *deep* compares each version with the lock file."""
    case.note(AREA, python=platform.python_version())
    mend = say("try.install")
    if sys.version_info < _PYTHON:
        text = say("doctor.python", has=platform.python_version())
        yield Finding(AREA, "python", text, mend, BAD)
    for name in _NEEDED:
        if _installed(name) is None:
            yield Finding(AREA, "missing", say("doctor.missing", name=name), mend, BAD)
    if deep:
        yield from compare(case, locked(), mend)


def compare(
    case: Case,
    lock: dict[str, str],
    mend: str,
    faults: dict[str, tuple[str, str]] = BAD_BEFORE,
) -> Iterator[Finding]:
    """Hold what is installed against *lock* (name -> version) and known *faults*."""
    found = {name: has for name in {*lock, *faults} if (has := _installed(name))}
    case.note(AREA, installed=dict(sorted(found.items())), locked=bool(lock))
    if not lock:
        text = say("doctor.no_lock", path=_LOCK)
        yield Finding(AREA, "no_lock", text, mend)
    for name, has in sorted(found.items()):
        first, why = faults.get(name, ("0", ""))
        wanted = lock.get(name)
        if key(has) < key(first):
            text = say("doctor.bad_version", name=name, has=has, why=why, first=first)
            yield Finding(AREA, "bad_version", text, mend, BAD)
        elif wanted and key(has) < key(wanted):
            text = say("doctor.outdated", name=name, has=has, wanted=wanted)
            yield Finding(AREA, "outdated", text, mend)
        elif wanted and key(has) > key(wanted):
            text = say("doctor.ahead_of_lock", name=name, has=has, wanted=wanted)
            yield Finding(AREA, "ahead_of_lock", text, mend)


def locked() -> dict[str, str]:
    """Return the versions of the lock file, {} where there is none (a wheel)."""
    try:
        text = read_small(_LOCK, 1 << 20).decode()
    except (OSError, UnicodeDecodeError):
        return {}
    return {_plain(name): version for name, version in _PINNED.findall(text)}


def key(version: str) -> tuple[int, ...]:
    """Return the numbers of a version: what is after a, b or rc counts as nothing."""
    release = re.match(r"[0-9.]*", version.partition("!")[2] or version)
    parts = (release[0] if release else "").split(".")
    found = [int(part) for part in parts if part]
    while found and not found[-1]:
        found.pop()
    return tuple(found)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
