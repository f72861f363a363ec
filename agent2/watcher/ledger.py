"""The one thread that commits: the loop hands it functions, it groups them.

SQLite blocks (fsync, locks of other programs); the loop must not. What is handed in
while a commit runs goes into the next one together. A store that cannot be written
never stops the watch: the failure is returned, and the caller keeps what it had. While
another program holds it, each try waits a moment only: a target that fails waits for
its commit, and must be looked at on time all the same.
"""

from __future__ import annotations

import _thread
from _queue import SimpleQueue

from agent2.store.database import Database, StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Any

    from agent2.host.reactor import Reactor

    Write = Callable[[Connection], Any]
    Read = Callable[[Database], Any]

_GROUP = 256


class Ledger:
    """Owns the database from a thread of its own."""

    def __init__(self, reactor: Reactor, path: str, now: float) -> None:
        """Start the thread; it opens *path*, moving a damaged file aside."""
        self._reactor = reactor
        self._path = path
        self._now = now
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._db: Database | None = None
        self.note: str | None = None
        self.failure: StoreError | None = None
        self.gone: Callable[[], object] = int  # called when the file was taken away
        self._replaced = 0
        _thread.start_new_thread(self._work, ())

    async def write(self, call: Write) -> Any:
        """Run *call* in a transaction and return what it returned, once committed.

        Raises:
            StoreError: nothing of it was written.
        """
        return await self._put("write", call)

    async def tidy(self) -> None:
        """Move the log into the file before what is handed in together with this.

        Raises:
            StoreError: the disk refuses.
        """
        await self._put("tidy", None)

    async def read(self, call: Read) -> Any:
        """Run *call* with the database and return what it returned.

        Raises:
            StoreError: it could not be read.
        """
        return await self._put("read", call)

    async def close(self) -> None:
        """Commit what is queued, checkpoint, close the database."""
        await self._put("close", None)

    async def _put(self, kind: str, call: Any) -> Any:
        box: list[Any] = []

        def arm(resume: Callable[..., None]) -> None:
            self._jobs.put((kind, call, box, resume))

        await self._reactor.wait(arm)
        result, error = box
        if error is not None:
            raise error
        return result

    def _answer(self, box: list[Any], resume: Any, result: Any, error: Any) -> None:
        box[:] = (result, error)
        self._reactor.call_soon_threadsafe(resume)

    def _work(self) -> None:
        while True:
            jobs = [self._jobs.get()]
            while len(jobs) < _GROUP and not self._jobs.empty():
                jobs.append(self._jobs.get())
            for kind, _, box, resume in jobs:
                if kind == "tidy":
                    self._answer(box, resume, *self._attempt(Database.checkpoint))
            writes = [job for job in jobs if job[0] == "write"]
            if writes:
                self._write_together(writes)
            for kind, call, box, resume in jobs:
                if kind == "read":
                    self._answer(box, resume, *self._attempt(call))
                elif kind == "close":
                    self._answer(box, resume, *self._attempt(_close))
                    return

    def _open(self) -> Database:
        if self._db is None:
            self._db, self.note = Database.open_or_replace(self._path, self._now)
        return self._db

    def _attempt(self, call: Read) -> tuple[Any, BaseException | None]:
        try:
            db = self._open()
            try:
                return call(db), None
            finally:
                self._look(db)
        except StoreError as error:
            self._forget_if_damaged(error)
            return None, error
        except Exception as error:
            return None, error

    def _look(self, db: Database) -> None:
        """Say once that the file was removed or replaced, and one begun anew."""
        if db.replaced > self._replaced:
            self._reactor.call_soon_threadsafe(self.gone)
        self._replaced = db.replaced

    def _write_together(self, jobs: list[Any]) -> None:
        """One transaction for all; if one of them fails, one for each."""

        def run(some: list[Any]) -> Callable[[Database], list[Any]]:
            def inside(db: Database) -> list[Any]:
                with db.transaction() as tx:
                    return [job[1](tx) for job in some]

            return inside

        results, error = self._attempt(run(jobs))
        stuck = isinstance(error, StoreError) and error.kind == "locked"
        if self._db is not None:
            self._attempt(lambda db: db.hurry(yes=stuck))
        if error is not None and len(jobs) > 1 and not stuck:
            for job in jobs:
                self._write_together([job])
            return
        self.failure = error if isinstance(error, StoreError) else None
        for index, (_, _, box, resume) in enumerate(jobs):
            result = results[index] if error is None else None
            self._answer(box, resume, result, error)

    def _forget_if_damaged(self, error: StoreError) -> None:
        """A file that turned out damaged is opened anew, and so moved aside."""
        if error.kind == "damaged" and self._db is not None:
            self._db.close()
            self._db = None


def _close(db: Database) -> None:
    try:
        db.checkpoint()
    finally:
        db.close()
