"""Backup sets as they lie on the disk: a folder of files with a manifest.

The lines of the manifest that name a file are those of ``sha256sum``.
"""

from __future__ import annotations

import os
import re
import stat

from agent2.core.value import value
from agent2.store.copies import digest_of

NAME = re.compile(r"[0-9]{8}_[0-9]{6}")
MANIFEST = "manifest.txt"
_SUM = re.compile(r"([0-9a-f]{64})  ([A-Za-z0-9_.]+)")
_LARGEST = 1 << 20


@value
class Set:
    """A set that is whole: its folder, and the SHA-256 of each file."""

    path: str
    files: dict[str, str]


class BadSetError(Exception):
    """The set is not what its manifest says; the text is one line."""


def verify(path: str) -> Set:
    """Hold every file of the set at *path* against its manifest.

    Raises:
        BadSetError: a file is missing, changed, or one too many.
        OSError: it cannot be read.
    """
    try:
        _must_be_plain(path, MANIFEST)
        with open(os.path.join(path, MANIFEST), encoding="utf-8") as file:
            lines = file.read(_LARGEST).splitlines()
    except FileNotFoundError:
        raise BadSetError(f"{path}: there is no {MANIFEST}") from None
    except UnicodeDecodeError:
        raise BadSetError(f"{path}: {MANIFEST} is no text") from None
    files = {m[2]: m[1] for m in map(_SUM.fullmatch, lines) if m}
    there = set(os.listdir(path)) - {MANIFEST}
    if not files or there != files.keys():
        odd = sorted(there ^ files.keys()) or [MANIFEST]
        raise BadSetError(f"{path}: not as {MANIFEST} says: {', '.join(odd)}")
    for name, digest in files.items():
        _must_be_plain(path, name)
        if digest_of(os.path.join(path, name)) != digest:
            raise BadSetError(f"{path}: {name} is not as {MANIFEST} says (SHA-256)")
    return Set(path, files)


def _must_be_plain(path: str, name: str) -> None:
    """Refuse what another may have put there to lead us away or to hold us.

    Raises:
        BadSetError: it is a link, a FIFO, a folder.
        OSError: it cannot be seen.
    """
    if not stat.S_ISREG(os.lstat(os.path.join(path, name)).st_mode):
        raise BadSetError(f"{path}: {name} is not a regular file")


def listing(root: str) -> list[str]:
    """Return the paths of the sets in *root*, oldest first."""
    try:
        names = sorted(filter(NAME.fullmatch, os.listdir(root)))
    except FileNotFoundError:
        return []
    found = [os.path.join(root, name) for name in names]
    return [p for p in found if os.path.isdir(p) and not os.path.islink(p)]
