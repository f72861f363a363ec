"""Copies of the store: made while it is in use, proved, kept for a while.

A copy is one file that needs no ``-wal`` beside it, with a manifest (JSON) that holds
its SHA-256 and how many rows each table has. Its name tells when it was made.
"""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import json
import os
import re
import stat
import time

from agent2.core.value import as_dict, value
from agent2.host.files import ensure_dir, remove, sweep, sync_folder, write_atomic
from agent2.store.alone import Alone
from agent2.store.contents import read_copy
from agent2.store.errors import SQLITE_ERRORS, StoreError, from_os, from_sqlite

NAME = re.compile(r"agentos_[0-9]{8}_[0-9]{6}(_[0-9]+)?\.db")
MANIFEST = ".json"
_SCHEMA = "agent2.copy/1"
_VERSIONS = 18  # offset of the two bytes that say "WAL": sqlite.org/fileformat.html
_CHUNK = 1 << 20


@value
class Copy:
    """A copy that was proved.

    Attributes:
        at: When it was made, epoch seconds; 0.0 where no manifest tells it.
        rows: How many rows each table has.
    """

    path: str
    at: float
    size: int
    sha256: str
    version: int
    rows: dict[str, int]


def make(store: str, folder: str, now: float) -> Copy:
    """Copy the store at *store* into *folder* (made 0700), in one step.

    Other programs wait with their writes for as long as the copying takes. A copy that
    cannot be proved does not appear there.

    Raises:
        StoreError: the store cannot be read, or the folder not written (``full`` …).
    """
    try:
        ensure_dir(folder, 0o700)
        sweep(folder)
        path = _free(folder, now)
        temporary = os.path.join(
            folder, f".{os.path.basename(path)}.{os.getpid()}-0.tmp"
        )
        try:
            _copy(store, temporary)
            size, digest = _settle(temporary)
            found = read_copy(temporary, deep=False)
            os.rename(temporary, path)
        except BaseException:
            for side in ("", "-journal", "-wal", "-shm"):
                remove(temporary + side)
            raise
        made = Copy(path, now, size, digest, found.version, found.rows)
        _write_manifest(made)
        sync_folder(folder)
    except OSError as error:
        raise from_os(folder, error) from None
    return made


def verify(path: str) -> Copy:
    """Prove the copy at *path*: its manifest (if there is one) and every page.

    Raises:
        StoreError: ``damaged``: it is not what was written; or it cannot be read.
    """
    try:
        told = _manifest(path)
        size, digest = os.stat(path).st_size, digest_of(path)
    except OSError as error:
        raise from_os(path, error) from None
    if told and (told.get("sha256"), told.get("size")) != (digest, size):
        what = "is not as its manifest says (SHA-256)"
        raise StoreError("damaged", f"{path}: {what}; take another copy")
    found = read_copy(path, deep=False)
    if told and told.get("rows") != found.rows:
        what = "has other rows than its manifest says"
        raise StoreError("damaged", f"{path}: {what}; take another copy")
    at = told.get("at") if told else 0.0
    at = float(at) if isinstance(at, int | float) else 0.0
    return Copy(path, at, size, digest, found.version, found.rows)


def listing(folder: str) -> list[str]:
    """Return the paths of the copies in *folder*, oldest first; [] if none is there."""
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise from_os(folder, error) from None
    return [
        os.path.join(folder, name) for name in sorted(names) if NAME.fullmatch(name)
    ]


def retire(folder: str, keep_s: float, now: float, spare: str) -> list[str]:
    """Delete copies last written more than *keep_s* ago, never *spare*; return them."""
    gone = []
    for path in listing(folder):
        try:
            facts = os.lstat(path)
        except OSError:
            continue
        old = now - facts.st_mtime > keep_s
        if old and path != spare and stat.S_ISREG(facts.st_mode) and remove(path):
            remove(path + MANIFEST)
            gone.append(path)
    return gone


def digest_of(path: str) -> str:
    """Return the SHA-256 of the file at *path*, in hex."""
    from hashlib import sha256

    digest = sha256()
    with open(path, "rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()


def _free(folder: str, now: float) -> str:
    stamp = time.strftime("agentos_%Y%m%d_%H%M%S", time.localtime(now))
    path, number = os.path.join(folder, f"{stamp}.db"), 1
    while os.path.lexists(path):
        number += 1
        path = os.path.join(folder, f"{stamp}_{number}.db")
    return path


def _copy(store: str, temporary: str) -> None:
    """Write all pages of the store to a new file (0600)."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    os.close(os.open(temporary, flags, 0o600))
    with Alone(store) as source:
        target = sqlite3.connect(temporary, isolation_level=None)
        try:
            # A copy that is not whole is thrown away: it needs no journal of its own.
            target.execute("PRAGMA journal_mode = OFF").fetchone()
            target.execute("PRAGMA synchronous = OFF")
            source.backup(target)
        except SQLITE_ERRORS as error:
            raise from_sqlite(temporary, error) from None
        finally:
            target.close()


def _settle(temporary: str) -> tuple[int, str]:
    """Make the file stand by itself, and last; return its size and digest."""
    number = os.open(temporary, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        os.pwrite(number, b"\1\1", _VERSIONS)  # no WAL: readers shall make no files
        os.fsync(number)
        return os.fstat(number).st_size, digest_of(temporary)
    finally:
        os.close(number)


def _write_manifest(copy: Copy) -> None:
    tree = {"schema": _SCHEMA, **as_dict(copy), "file": os.path.basename(copy.path)}
    del tree["path"]
    text = json.dumps(tree, indent=2) + "\n"
    write_atomic(copy.path + MANIFEST, text.encode(), 0o600)


def _manifest(path: str) -> dict[str, object]:
    try:
        with open(path + MANIFEST, "rb") as file:
            tree = json.loads(file.read(_CHUNK))
    except FileNotFoundError:
        return {}
    except ValueError:
        tree = None
    if not isinstance(tree, dict) or tree.get("schema") != _SCHEMA:
        raise StoreError(
            "damaged", f"{path + MANIFEST}: no manifest; take another copy"
        )
    return tree
