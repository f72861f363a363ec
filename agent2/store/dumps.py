"""A copy of the store as SQL text, and back: readable without any program of ours."""

from __future__ import annotations

import _sqlite3 as sqlite3  # without datetime
import os

from agent2.store.contents import Contents, contents, frozen, read_copy
from agent2.store.errors import SQLITE_ERRORS, StoreError, from_os, from_sqlite
from agent2.store.schema import APPLICATION_ID

_ATTACH = 24  # SQLITE_ATTACH: https://www.sqlite.org/c3ref/c_alter_table.html
_MOST = 8 << 30  # bytes of SQL; a bomb in a .gz has more


def dump(copy: str, path: str) -> bool:
    """Write the database file *copy* to *path* as gzipped SQL; does it hold all of it?

    False: text in it cannot be said in SQL (a NUL); what was written is of no use.
    """
    import gzip

    wanted = read_copy(copy)
    try:
        connection = frozen(copy)
        try:
            with gzip.open(path, "wt", encoding="utf-8", compresslevel=6) as file:
                for line in connection.iterdump():
                    file.write(f"{line}\n")
                file.write(f"PRAGMA application_id = {APPLICATION_ID};\n")
                file.write(f"PRAGMA user_version = {wanted.version};\n")
        finally:
            connection.close()
        os.chmod(path, 0o600)
        return _read_back(path) == wanted
    except SQLITE_ERRORS as error:
        raise from_sqlite(copy, error) from None
    except OSError as error:
        raise from_os(path, error) from None


def load(path: str, copy: str) -> None:
    """Make the database file *copy* of the gzipped SQL at *path*.

    Raises:
        StoreError: ``damaged``: it is no such text; or the disk refuses.
    """
    try:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        connection = sqlite3.connect(copy, isolation_level=None)
        try:
            connection.set_authorizer(_alone)
            connection.executescript(_text(path))
        finally:
            connection.close()
    except OSError as error:
        raise from_os(path, error) from None
    except (ValueError, *SQLITE_ERRORS) as error:
        told = from_sqlite(path, error)
        if told.kind == "full":
            raise told from None
        raise _damaged(path, str(error)) from None


def _alone(deed: int, *_what: object) -> int:
    """Let SQL do anything but reach for other files."""
    return sqlite3.SQLITE_DENY if deed == _ATTACH else sqlite3.SQLITE_OK


def _read_back(path: str) -> Contents | None:
    memory = sqlite3.connect(":memory:", isolation_level=None)
    try:
        memory.executescript(_text(path))
        return contents(memory)
    except (ValueError, *SQLITE_ERRORS):  # a NUL ends the script
        return None
    finally:
        memory.close()


def _text(path: str) -> str:
    import gzip
    from zlib import error as Broken  # noqa: N812  (an error, whatever its name)

    try:
        with gzip.open(path, "rb") as file:
            raw = file.read(_MOST)
        return raw.decode()
    except (EOFError, gzip.BadGzipFile, Broken, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: str, why: str) -> StoreError:
    what = " ".join(why.split())
    return StoreError("damaged", f"{path}: {what}; take another copy")
