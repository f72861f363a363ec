"""Signals as they lie in the state folder: found, claimed, refused, left behind.

A signal is claimed by renaming it, before anything is run: whoever dies then, it can
not run twice. A claim that a dead restarter left is reported as unknown.
"""

from __future__ import annotations

import os
import stat
import time
from datetime import datetime

from agent2.core.value import value
from agent2.host import files
from agent2.wire import signal
from agent2.wire.signal import Signal, SignalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

TAKEN, REFUSED, UNKNOWN = ".taken", ".refused", ".unknown"
OLDEST = 3600.0  # seconds: what nobody took up for so long is not wanted any more


@value
class Waiting:
    """A signal that lies there; *target* is "" for the primary one."""

    path: str
    target: str
    claim: str


def waiting(state_dir: str) -> Iterator[Waiting]:
    """Yield the places where a signal lies, whatever it may hold."""
    for place in _places(state_dir):
        if os.path.lexists(place.path):
            yield place


def _places(state_dir: str, ending: str = "") -> Iterator[Waiting]:
    """Yield the primary's place, and the others' that now have a file *ending* so."""
    first = f"{state_dir}/{signal.FILE}"
    yield Waiting(first, "", first + TAKEN)
    folder = f"{state_dir}/{signal.FOLDER}"
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        if name.startswith(".") == bool(ending) and name.endswith(ending):
            plain = name.removeprefix(".").removesuffix(ending) if ending else name
            yield Waiting(f"{folder}/{plain}", plain, f"{folder}/.{plain}{TAKEN}")


def claim(place: Waiting) -> bool:
    """Take the signal; False when it was withdrawn just now.

    Raises:
        SignalError: no regular file lies there: it is left alone.
        OSError: the folder cannot be written.
    """
    try:
        if not stat.S_ISREG(os.lstat(place.path).st_mode):
            raise SignalError("is not a regular file: remove it")
        os.rename(place.path, place.claim)
    except FileNotFoundError:
        return False
    return True


def read(place: Waiting) -> Signal:
    """Read a claimed signal.

    Raises:
        SignalError: it must not be acted upon, and why.
    """
    try:
        content, found = files.read_with_stat(place.claim, signal.LIMIT, trusted=True)
    except OSError as error:
        raise SignalError(error.strerror or "cannot be read") from None
    if found.st_uid not in (0, os.geteuid()):
        raise SignalError(f"belongs to uid {found.st_uid}, who may not ask")
    wish = signal.parse(content)
    age = time.time() - _epoch(wish.timestamp)
    if age > OLDEST:
        raise SignalError(f"is {age / 3600:.1f} hours old: not wanted any more")
    if age < -OLDEST:
        raise SignalError("has a time in the future")
    if place.target and wish.target and signal.file_name(wish.target) != place.target:
        raise SignalError("names another target than the file does")
    return wish


def _epoch(timestamp: str) -> float:
    try:
        return datetime.fromisoformat(timestamp).timestamp()
    except (ValueError, OverflowError, OSError):
        raise SignalError('"timestamp" is no RFC 3339 time') from None


def done(place: Waiting) -> None:
    """Delete a claimed signal: it has been dealt with."""
    files.remove(place.claim)


def put_aside(place: Waiting, ending: str = REFUSED) -> str:
    """Keep a claimed signal for people to look at; return its new path."""
    aside = place.claim.removesuffix(TAKEN) + ending
    os.rename(place.claim, aside)
    return aside


def left_behind(state_dir: str) -> Iterator[Waiting]:
    """Yield the claims of a restarter that died: was the restart done? Unknown."""
    for place in list(_places(state_dir, TAKEN)):
        if os.path.lexists(place.claim):
            yield place
