"""``agent2 config set``: one value of the file, changed in place or not at all."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from typing import TYPE_CHECKING

from agent2.compiler import edit, keys, references, urls, yaml_marks, yaml_tree
from agent2.compiler.problems import MASK, Loc, Problem, shown
from agent2.compiler.words import Wrong
from agent2.core.value import value
from agent2.host import files
from agent2.plan import sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from agent2.compiler.compile import Compiled
    from agent2.compiler.settle import Settled

PLACE = "command line"
_PATIENCE_S = 10.0  # for others who change it; a change takes half a second


@value
class Change:
    """What is asked: a key and its new text; None takes the key out."""

    key: str
    text: str | None


class RefusedError(Exception):
    """The change is not made; *problems* say why."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__()
        self.problems = problems


def make(
    path: str, asked: Change, compiled: Callable[[bytes], Compiled], fresh: bytes | None
) -> str:
    """Change the file and return what was done, as a JSON document.

    *compiled* reads the new text as the configuration; *fresh* is what the file
    begins with if it is not there.

    Raises:
        RefusedError: the key or the value is wrong, or what would come of it.
        OSError: the file cannot be read or replaced; it stands as it was.
    """
    real = os.path.realpath(path)
    if fresh is not None and not os.path.lexists(path):
        os.makedirs(os.path.dirname(real), exist_ok=True)
        told, raw = _changed(fresh, asked, compiled)
        files.write_atomic(real, raw, 0o600)
        return json.dumps(told | {"path": path, "created": True})
    fd = _locked(real)
    try:
        before = os.fstat(fd)
        raw = _content(fd, before, path)
        told, made = _changed(raw, asked, compiled)
        if made != raw:
            _replace(real, made, before)
    finally:
        os.close(fd)
    return json.dumps(told | {"path": path, "created": False})


def _content(fd: int, there: os.stat_result, path: str) -> bytes:
    small = there.st_size <= sources.LARGEST
    if not stat.S_ISREG(there.st_mode) or not small:
        expected = "a YAML file of at most 1 MiB"
        what, got = "is no such file", "more" if small is False else "something else"
        raise RefusedError((Problem(path, 0, 0, "file", what, got, expected),))
    with os.fdopen(os.dup(fd), "rb") as file:
        return file.read()


def _locked(path: str) -> int:
    """Open the file and hold it against another of our kind; it is that at *path*.

    Raises:
        OSError: it cannot be read, or is held for too long: whoever reads it can.
    """
    until = time.monotonic() + _PATIENCE_S
    while True:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _hold(fd, until)
            if os.path.samestat(os.fstat(fd), os.stat(path)):
                return fd
        except OSError:
            os.close(fd)
            raise
        os.close(fd)  # it was replaced while we waited


def _hold(fd: int, until: float) -> None:
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                raise OSError(errno.EAGAIN, "another program locks it") from None
        time.sleep(0.02)


def _replace(path: str, raw: bytes, before: os.stat_result) -> None:
    """Put *raw* in the place of the file *before*, with its mode and owner."""
    made = files.write_beside(path, raw, stat.S_IMODE(before.st_mode), sync=True)
    try:
        ours = os.stat(made)
        if (ours.st_uid, ours.st_gid) != (before.st_uid, before.st_gid):
            os.chown(made, before.st_uid, before.st_gid)
            os.chmod(made, stat.S_IMODE(before.st_mode))
        os.rename(made, path)
    except OSError:
        files.remove(made)
        raise
    files.sync_folder(os.path.dirname(path))


def _changed(
    raw: bytes, asked: Change, compiled: Callable[[bytes], Compiled]
) -> tuple[dict[str, Any], bytes]:
    root, problems = yaml_marks.compose(raw, "the file")
    if problems and any(raw.split()):
        raise RefusedError(tuple(problems))
    try:
        loc = keys.resolve(root, asked.key)
        old, made = _edited(raw.decode(), root, loc, asked)
    except Wrong as wrong:
        got = MASK if wrong.hidden else shown(asked.key)
        hint = wrong.hint or ""
        problem = (asked.key, wrong.what, got, wrong.expected, hint)
        raise RefusedError((Problem(PLACE, 0, 0, *problem),)) from None
    done = compiled(made.encode())
    if done.settled is None:
        raise RefusedError(done.problems)
    word = keys.word_at(root, loc)
    hidden = word is not None and word.secret
    told = {
        "key": asked.key,
        "old": _told(old, hidden=hidden),
        "new": _told(asked.text, hidden=hidden),
        "changed": made.encode() != raw,
        "wins": _stronger(done.settled, loc),
    }
    return told, made.encode()


def _edited(text: str, root: Any, loc: Loc, asked: Change) -> tuple[str | None, str]:
    there = yaml_tree.child(root, loc)
    if there is not None and not isinstance(there, yaml_tree.Scalar):
        hint = "Change it in the file by hand."
        raise Wrong("is a list or section", hint, expected="a key of a single value")
    old = there.text if there is not None else None
    if asked.text is None:
        return old, edit.take(text, loc) if there is not None else text
    word = keys.word_at(root, loc)
    if word is not None and word.secret and not references.refers(asked.text):
        hint = "The shell remembers what is typed; write it into a file of mode 0600."
        expected = "${NAME} or ${file:name}"
        raise Wrong("is a secret", hint, expected=expected, hidden=True)
    return old, edit.put(text, loc, asked.text)


def _told(text: str | None, *, hidden: bool) -> str | None:
    if text is None:
        return None
    address = "://" in text and urls.is_private(text)
    return MASK if hidden or address or references.refers(text) else text


def _stronger(settled: Settled, loc: Loc) -> str:
    """Return what wins over the file at *loc*, or ""."""
    places = [loc]
    if loc[0] == "targets":  # what is given for all wins over what one says of itself
        places += [("defaults", *loc[2:]), ("defaults", loc[-1])]
    for place in places:
        source = settled.source(place)
        if not source.startswith(("line", "default", "profile", "as ")):
            return source
    return ""
