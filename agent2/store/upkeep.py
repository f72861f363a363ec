"""Is the file sound, does SQLite know its tables, how much of it is empty?"""

from __future__ import annotations

from agent2.core.value import value
from agent2.store import archive, cleanup
from agent2.store.alone import Alone
from agent2.store.errors import SQLITE_ERRORS, StoreError, from_sqlite

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3

    from agent2.store.database import Database

_PAGE = 4096
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


def tick(db: Database, now: float) -> None:
    """Do a little of what is due: a row for this hour, at most 500 old rows of a table.

    For a program that lives long, every few minutes; it reads where nothing is due.

    Raises:
        StoreError: it cannot be read or written.
    """
    if not archive.there(db, now):
        archive.add(db, now)
    cleanup.some(db, now)


def _pages(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA page_count").fetchone()[0])
