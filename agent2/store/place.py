"""The store's file in its folder: made for its user alone, judged, moved aside."""

from __future__ import annotations

import os
import stat
import time

from agent2.store.errors import StoreError, advise, from_os

_CREATE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
_SIDES = ("-wal", "-shm")


def examine(path: str, *, create: bool) -> None:
    """Make the file (0600) at *path*, or see that it is a plain file of our own.

    It is never opened here if it is there: closing another descriptor of it would
    drop the locks that a connection of this process holds (POSIX locks).
    """
    try:
        facts = os.lstat(path)
    except FileNotFoundError:
        if not create:
            raise absent(path) from None
        _make(path)
        return
    if facts.st_uid != os.geteuid():
        what = f"belongs to user {facts.st_uid}: run agent2 as that user"
        raise StoreError("readonly", f"{path}: {what}")
    for side in ("", *_SIDES):
        _close_to_others(path + side)


def _close_to_others(path: str) -> None:
    try:
        facts = os.lstat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISREG(facts.st_mode):
        raise advise("readonly", path, "not a plain file (a link?)")
    if stat.S_IMODE(facts.st_mode) != 0o600:
        os.chmod(path, 0o600)


def absent(path: str) -> StoreError:
    """Return the refusal to read a store that was never made."""
    return StoreError("io", f"{path}: not there; start agent2 first")


def _make(path: str) -> None:
    number = os.open(path, _CREATE, 0o600)
    try:
        os.fchmod(number, 0o600)  # whatever the umask; -wal and -shm take it over
    finally:
        os.close(number)
    folder = os.open(os.path.dirname(path) or ".", os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def move_aside(path: str, now: float) -> str:
    """Rename the damaged file and its ``-wal`` and ``-shm``; return the new name."""
    base = aside = path + time.strftime(".damaged-%Y%m%d-%H%M%S", time.localtime(now))
    number = 1
    while os.path.lexists(aside):
        number += 1
        aside = f"{base}.{number}"
    try:
        for side in ("", *_SIDES):
            if os.path.lexists(path + side):
                os.rename(path + side, aside + side)
    except OSError as error:
        raise from_os(path, error) from None
    return aside
