"""What can go wrong with the store, as one error with a kind and one line."""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import errno

_DENIED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_SHM_NO_ROOM = 4874  # SQLITE_IOERR_SHMSIZE: the -shm file could not grow

# Primary result codes (https://www.sqlite.org/rescode.html) that have a kind.
_KINDS = {
    3: "readonly",  # PERM
    5: "locked",  # BUSY
    6: "locked",  # LOCKED
    8: "readonly",  # READONLY
    11: "damaged",  # CORRUPT
    13: "full",  # FULL
    26: "damaged",  # NOTADB
}
# The message of an error may quote a damaged name, and Python then fails to decode it.
SQLITE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
_ADVICE = {
    "damaged": "restart agent2: it moves the file aside and begins a new one",
    "locked": "another agent2 program is writing: look for one that is stuck",
    "full": "the disk is full: free some space",
    "readonly": "make the file and its folder writable for the user of agent2",
    "io": "look at the disk and the file system",
}


class StoreError(Exception):
    """The store cannot do what was asked; the text says what to do.

    Args:
        kind: ``newer``, ``damaged``, ``locked``, ``full``, ``readonly`` or ``io``.
        message: One line for people.
    """

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def from_sqlite(path: str, error: Exception) -> StoreError:
    """Return what an *error* of ``SQLITE_ERRORS`` on the file *path* means."""
    if isinstance(error, UnicodeDecodeError):
        return advise("damaged", path, "a name in it is no text")
    code = getattr(error, "sqlite_errorcode", None) or 0
    kind = "full" if code == _SHM_NO_ROOM else _KINDS.get(code & 0xFF, "io")
    return advise(kind, path, str(error))


def from_os(path: str, error: OSError) -> StoreError:
    """Return what the system's *error* on *path* means."""
    if error.errno in _DENIED:
        kind = "readonly"
    else:
        kind = "full" if error.errno in _NO_ROOM else "io"
    return advise(kind, path, error.strerror or type(error).__name__)


def advise(kind: str, path: str, what: str) -> StoreError:
    """Return a StoreError that says *what* happened to *path* and what helps."""
    line = " ".join(what.split())
    return StoreError(kind, f"{path}: {line}; {_ADVICE[kind]}")
