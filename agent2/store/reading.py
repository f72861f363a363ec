"""The store as one looks at it who never writes: no new file, no change."""

from __future__ import annotations

from agent2.store.database import Database
from agent2.store.opening import connect

TYPE_CHECKING = False
if TYPE_CHECKING:
    import _sqlite3 as sqlite3
    from typing import Self

_LOOK_ONLY = "PRAGMA query_only = ON"


class Reader(Database):
    """A Database whose every write is refused by SQLite itself."""

    __slots__ = ()

    @classmethod
    def look(cls, path: str) -> Self:
        """Open the file at *path* to look at it.

        Raises:
            StoreError: it is not there, damaged, not ours.
        """
        made = cls._open(path, None, create=False)[0]
        assert isinstance(made, cls)
        made.rows(_LOOK_ONLY)
        return made

    def _fresh(self) -> sqlite3.Connection:
        """Open what stands at the path now; nothing is made where nothing is."""
        old = self._connection
        assert old is not None
        made = connect(self.path, create=False)
        made.execute(_LOOK_ONLY).fetchone()
        self._adopt(made)
        old.close()
        return made
