"""Put a copy in the place of the store: proved first, made whole beside it, swapped.

At any instant the store's path holds the old store or the new one, each whole.
"""

from __future__ import annotations

import os
import time

from agent2.core.value import value
from agent2.host.files import remove, sync_folder
from agent2.store.alone import Alone
from agent2.store.contents import Contents, contents, read_copy
from agent2.store.copies import Copy, digest_of, verify
from agent2.store.database import Database
from agent2.store.errors import SQLITE_ERRORS, StoreError, advise, from_os, from_sqlite
from agent2.store.lock import FileLock
from agent2.store.opening import connect

_SIDES = ("-wal", "-shm")


@value
class Restored:
    """*copy* stands in the place of the store; *aside* is the old one, or None."""

    copy: Copy
    aside: str | None


def restore(copy: str, store: str, now: float) -> Restored:
    """Put the copy at the path *copy* in the place of the store; nothing is lost.

    No program of agent2 may run. A copy of an older version is brought to this one.

    Raises:
        StoreError: the copy is ``damaged``; the store is in use (``locked``); the disk
            refuses. The store is as it was, but where the text says otherwise.
    """
    from shutil import rmtree

    store = os.path.abspath(store)
    found = verify(copy)
    folder = f"{store}.restoring"
    try:
        rmtree(folder, ignore_errors=True)
        os.mkdir(folder, 0o700)
        try:
            fresh = os.path.join(folder, "agent2.db")
            _fill(found, fresh)
            _same(read_copy(copy), fresh)
            aside = _swap(fresh, store, now)
            _same(read_copy(copy), store)
        finally:
            rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise from_os(error.filename or store, error) from None
    return Restored(found, aside)


def _fill(copy: Copy, fresh: str) -> None:
    """Copy the file, see that it is the proved one, bring it to this version."""
    from shutil import copyfileobj

    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with (
        open(copy.path, "rb") as source,
        open(os.open(fresh, flags, 0o600), "wb") as to,
    ):
        copyfileobj(source, to)
        to.flush()
        os.fsync(to.fileno())
    if digest_of(fresh) != copy.sha256:
        raise StoreError("damaged", f"{copy.path}: it changed meanwhile; try again")
    Database.open(fresh, create=False).close()


def _same(wanted: Contents, path: str) -> None:
    """See that the store at *path* holds what the copy holds.

    Raises:
        StoreError: it does not.
    """
    with Alone(path) as connection:
        got = contents(connection)
    if got.version == wanted.version:
        equal = got.digests == wanted.digests
    else:  # brought to this version: rows may have more columns now
        equal = {name: got.rows.get(name) for name in wanted.rows} == wanted.rows
    if not equal:
        raise advise("io", path, "it does not hold what the copy holds")


def _swap(fresh: str, store: str, now: float) -> str | None:
    """Put *fresh* at *store*; return where the old one is now."""
    lock = FileLock(store + ".lock")
    lock.acquire()
    try:
        aside = _keep(store, now) if os.path.lexists(store) else None
        for side in _SIDES:  # of the old one: SQLite must not read it into the new
            remove(store + side)
        os.rename(fresh, store)
        sync_folder(os.path.dirname(store))
        return aside
    finally:
        lock.close()


def _keep(store: str, now: float) -> str:
    """Give the old store a second name and return it.

    SQLite deletes the WAL of a damaged file when it is closed, and with it what is left
    of the last commits; so that has its second name before.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    base = aside = f"{store}.replaced-{stamp}"
    number = 1
    while os.path.lexists(aside):
        number += 1
        aside = f"{base}.{number}"
    if os.path.lexists(store + "-wal"):
        _name_too(store + "-wal", aside + "-wal", rename=False)
    whole = True
    try:
        whole = _close_up(store)
    finally:
        if whole:
            remove(aside + "-wal")
    _name_too(store, aside, rename=True)
    return aside


def _close_up(store: str) -> bool:
    """Bring what is in the WAL into the file and see that nobody has it open.

    False: it is damaged, and stays as it is. The caller holds the write lock.

    Raises:
        StoreError: another program uses it (``locked``), or the disk refuses.
    """
    try:
        connection = connect(store, create=False)
        try:
            connection.execute("PRAGMA busy_timeout = 500").fetchone()
            # It can be left only by the last one who has the file open.
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        except SQLITE_ERRORS as error:
            raise from_sqlite(store, error) from None
        finally:
            connection.close()
    except StoreError as error:
        if error.kind == "locked":
            what = "another program has the store open; stop agent2 first"
            raise StoreError("locked", f"{store}: {what}") from None
        if error.kind not in ("damaged", "newer", "io"):
            raise
        return False
    return True


def _name_too(path: str, other: str, *, rename: bool) -> None:
    try:
        os.link(path, other, follow_symlinks=False)
    except OSError:  # a file system without second names
        if rename:
            os.rename(path, other)
