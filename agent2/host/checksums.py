"""Checksums of all files below some folders, in steps: who asks sets the pace."""

from __future__ import annotations

import os
import stat

from agent2.core.integrity import Difference, parse
from agent2.host.files import read_small

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

MOST = 500_000  # files
_LARGEST = 64 << 20  # bytes of a list
_PIECE = 64 * 1024  # bytes hashed at a time: Python lets nobody else in meanwhile
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_SHA256, _MD5 = 64, 32  # figures


def baseline(path: str, roots: Sequence[str]) -> dict[str, str]:
    """Return path -> checksum of the list at *path*; nobody else may write it.

    Relative names are those of the first of *roots*.

    Raises:
        OSError: it is not there, cannot be read, or others can write it.
        ListError: it is no list of checksums.
    """
    entries = parse(os.fsdecode(read_small(path, _LARGEST, trusted=True)))
    root = os.path.abspath(roots[0]) if roots else "/"
    return {os.path.normpath(os.path.join(root, n)): d for n, d in entries.items()}


class Scan:
    """One look at all files. ``for read in scan.steps(): …`` until it ends.

    Links are not followed: one counts by where it leads. What can be hashed no more
    (not readable, no file) is changed.

    Attributes:
        digests: Path -> checksum of what was looked at; "" cannot be read.
        seen: How many files were looked at.
    """

    def __init__(
        self,
        roots: Sequence[str],
        include: Sequence[str],
        exclude: Sequence[str],
        known: dict[str, str] | None,
    ) -> None:
        """Of what *known* has only that is hashed; None: everything, by SHA-256."""
        from fnmatch import translate
        from re import compile as compiled

        self._roots = roots
        self._include = [compiled(translate(p)) for p in include]
        self._exclude = [compiled(translate(p)) for p in exclude]
        self._known = known
        self.digests: dict[str, str] = {}
        self.seen = 0
        self._added: list[str] = []
        self._changed: list[str] = []
        self._removed: list[str] = []

    def difference(self) -> Difference:
        """Return what differs, as far as it was looked at."""
        sorts = (self._changed, self._added, self._removed)
        return Difference(*(tuple(sorted(sort)) for sort in sorts))

    def steps(self) -> Iterator[int]:
        """Yield how many bytes were read in each step.

        Raises:
            OSError: a folder cannot be read, or there are too many files.
        """
        met: set[str] = set()
        for path in self._files():
            met.add(path)
            yield from self._look(path)
        for path in sorted((self._known or {}).keys() - met):
            if os.path.lexists(path):
                yield from self._look(path)
            else:
                self._removed.append(path)
                yield 0

    def _files(self) -> Iterator[str]:
        todo = [os.path.abspath(root) for root in reversed(self._roots)]
        for root in todo:
            os.lstat(root)  # a root that is gone is no empty tree
        while todo:
            path = todo.pop()
            name = os.path.basename(path)
            if any(p.fullmatch(name) or p.fullmatch(path) for p in self._exclude):
                continue
            if os.path.isdir(path) and not os.path.islink(path):
                with os.scandir(path) as entries:
                    inner = sorted((entry.path for entry in entries), reverse=True)
                todo += inner
                if len(todo) > MOST:
                    raise OSError(0, f"more than {MOST} files")
            elif not self._include or any(p.fullmatch(name) for p in self._include):
                yield path

    def _look(self, path: str) -> Iterator[int]:
        self.seen += 1
        wanted = _SHA256 * "-" if self._known is None else self._known.get(path)
        if wanted is None:
            self._added.append(path)
            yield 0
            return
        hasher = _engine(len(wanted))()
        try:
            yield from _fed(path, hasher)
            self.digests[path] = hasher.hexdigest()
        except FileNotFoundError:
            if self._known is not None:
                self._removed.append(path)
            return
        except OSError:
            self.digests[path] = ""
        if self._known is not None and self.digests[path] != wanted:
            self._changed.append(path)


def _fed(path: str, hasher: Any) -> Iterator[int]:
    """Feed *hasher* with what is at *path*.

    Raises:
        OSError: it cannot be read, or is no file.
    """
    if os.path.islink(path):
        hasher.update(b"link:" + os.fsencode(os.readlink(path)))
        yield 0
        return
    number = os.open(path, _FLAGS)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(0, "no regular file")
        while piece := os.read(number, _PIECE):
            hasher.update(piece)
            yield len(piece)
        yield 0
    finally:
        os.close(number)


def _engine(figures: int) -> Callable[[], Any]:
    """Return the maker of hashers: Python's own, without the 4 MB of OpenSSL."""
    try:
        if figures == _MD5:
            from _md5 import md5 as found  # type: ignore[import-not-found]
        else:
            from _sha256 import sha256 as found  # type: ignore[import-not-found]
        engine: Callable[[], Any] = found
        return engine
    except ImportError:  # a later Python calls them otherwise
        from functools import partial
        from hashlib import new

        return partial(new, "md5" if figures == _MD5 else "sha256")
