"""Is the file sound, how much of it is empty, and when was it looked after last?"""

from __future__ import annotations

import os

from agent2.core.value import value
from agent2.store import meta
from agent2.store.alone import Alone
from agent2.store.errors import SQLITE_ERRORS, StoreError, from_sqlite

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database

_PAGE = 4096
_WORTH = 1 << 20  # bytes; for fewer nobody shall wait
_DONE = "care.done."
LARGE = 256 << 20  # bytes; more would hold writers up for seconds


@value
class Squeezed:
    """Bytes of the file before and after."""

    before: int
    after: int


def check(db: Database) -> list[str]:
    """Look at every page (``integrity_check``), then ``ANALYZE``; return what is wrong.

    Raises:
        StoreError: it cannot be read or written; damage is an answer, not an error.
    """
    try:
        found = [str(row[0]) for row in db.rows("PRAGMA integrity_check")]
        if found == ["ok"]:
            with db.transaction() as tx:
                tx.execute("ANALYZE")
            return []
    except StoreError as error:
        if error.kind != "damaged":
            raise
        return [str(error)]
    return found


def squeeze(path: str, most: float = LARGE) -> Squeezed:
    """``VACUUM``: give empty pages back to the disk. Writers wait meanwhile.

    Raises:
        StoreError: it is larger than *most* bytes, or the disk refuses.
    """
    with Alone(path) as connection:
        before = _pages(connection) * _PAGE
        if before > most:
            what = f"{before >> 20} MiB would hold up all writers"
            raise StoreError("locked", f"{path}: {what}; stop agent2 and use --large")
        try:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except SQLITE_ERRORS as error:
            raise from_sqlite(path, error) from None
        return Squeezed(before, _pages(connection) * _PAGE)


def due(db: Database, job: str, now: float, every: float) -> bool:
    """Was *job* not done within *every* seconds before *now* (epoch seconds)?

    A time to come is not believed: the clock was set back since.
    """
    try:
        last = float(meta.get(db, _DONE + job) or "nan")
    except ValueError:
        return True
    return not 0.0 <= now - last < every


def done(db: Database, job: str, now: float) -> None:
    """Write down that *job* was done, by whomever."""
    with db.transaction() as tx:
        meta.put(tx, _DONE + job, repr(now))


def spare(db: Database) -> int:
    """Return the bytes that a VACUUM would give back, 0 where it is not worth it."""
    free = int(db.rows("PRAGMA freelist_count")[0][0])
    return free * _PAGE if free * _PAGE >= _WORTH and free * 10 >= db.pages() else 0


def size(db: Database) -> int:
    """Return the bytes that the store takes on the disk, its WAL too."""
    total = 0
    for side in ("", "-wal"):
        try:
            total += os.stat(db.path + side).st_size
        except OSError:
            pass  # without a WAL just now
    return total


def _pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_count").fetchone()[0])
