"""What the watcher must remember: commits, what could not be committed, troubles.

A store that cannot be written never stops the watch: the write is kept and goes
into the next commit, in its order.
"""

from __future__ import annotations

import os
from operator import attrgetter

from agent2.core.text import place
from agent2.store.database import TRUNCATE, Database
from agent2.store.elsewhere import accept
from agent2.store.errors import StoreError
from agent2.watcher.ledger import Ledger
from agent2.watcher.reserve import Reserve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import Any

    from agent2.host.reactor import Reactor
    from agent2.watcher.lifeboat import Lifeboat
    from agent2.watcher.texts import Texts

    Write = Callable[[Connection], Any]

_BACKLOG = 1000
_SAVED = (
    "health",
    "failures",
    "degraded",
    "slow_count",
    "incident",
    "warning",
    "restarts",
    "attempts",
    "action",
    "withheld",
    "exhausted_at",
    "told",
    "reminded",
    "flap",
)
_saved = attrgetter(*_SAVED)


class Memory:
    """The way to the store. *queued* is called when alerts were committed."""

    def __init__(
        self,
        reactor: Reactor,
        state_dir: str,
        now: float,
        texts: Callable[[], Texts],
        queued: Callable[[], object],
    ) -> None:
        """Start the store's thread."""
        self._reactor = reactor
        self._texts = texts
        self._queued = queued
        self.ledger = Ledger(reactor, os.path.join(state_dir, "agent2.db"), now)
        self.ledger.gone = lambda: texts().say("ERROR", "store_gone")
        self._reserve = Reserve(state_dir)
        self._backlog: list[Write] = []
        self._flushes = False
        self._waiting: list[Callable[..., None]] = []
        self._wrote = False
        self.before: Callable[[], object] = int  # called before each commit
        self.lifeboat: Lifeboat | None = None
        self._bad: dict[str, str] = {}

    async def commit(self, write: Write, *, urgent: bool = True) -> None:
        """Commit *write*, after what could not be written before.

        *urgent*: where that cannot be, people are told from the lifeboat.
        """
        self.before()
        if self._backlog:
            self._backlog.append(write)
            while self._flushes:  # it may have begun without ours
                await self._reactor.wait(self._waiting.append)
            if write in self._backlog:
                await self._flush()
        else:
            await self._commit([write])
        if urgent and self.lifeboat and write in self._backlog:
            await self.lifeboat.take(write)

    async def _flush(self) -> None:
        """Commit all that waits, in its order; one at a time does so."""
        self._flushes = True
        try:
            await self._commit(list(self._backlog))
        finally:
            self._flushes = False
            waiting, self._waiting = self._waiting, []
            for resume in waiting:
                resume()

    async def _commit(self, writes: list[Write]) -> None:
        boat = self.lifeboat
        proofs = await boat.proofs() if boat else ()

        def together(tx: Connection) -> int:
            queued = sum(one(tx) or 0 for one in writes)
            accept(tx, proofs)
            return queued

        try:
            queued = await self._write(together)
        except StoreError as error:
            known = set(self._backlog)
            self._backlog += [one for one in writes if one not in known]
            del self._backlog[:-_BACKLOG]
            self.trouble("store", str(error))
            return
        except Exception as error:  # a value that cannot be stored: act without it
            self.trouble("store", error)
            if len(writes) > 1:  # it must not keep the others out
                for one in writes:
                    await self._commit([one])
                return
            queued = 0
        else:
            self._wrote = True
            self.trouble("store", "")
        if self._backlog:
            over = set(writes)
            self._backlog = [one for one in self._backlog if one not in over]
        if boat and not self._backlog:
            await boat.leave()
        if queued:
            self._reactor.call_soon(self._queued)  # the deed of this commit goes first

    async def _write(self, call: Write) -> Any:
        try:
            return await self.ledger.write(call)
        except StoreError as error:
            if error.kind != "full" or not self._reserve.free():
                raise
            return await self.ledger.write(call)

    async def care(self) -> None:
        """Twice a minute: keep the reserve, and cut a long write-ahead log.

        The watcher alone moves the log into the file; it happens in the store's
        thread, so no check waits for it.
        """
        self._reserve.make()
        if self._backlog:
            self.save(_nothing)
        if self._wrote:
            self._wrote = False
            await self.read(lambda db: db.checkpoint(TRUNCATE))

    def save_after_all(self, write: Write) -> None:
        """Queue *write* as ``save`` does, and move the log into the file before it.

        A commit that begins the log anew syncs twice: let it be this one, for which
        nobody waits, and not that of the next crash.
        """
        self._reactor.start(self._tidy(), "tidy")
        self.save(write)

    async def _tidy(self) -> None:
        self.before()
        try:
            await self.ledger.tidy()
        except Exception as error:
            known = isinstance(error, StoreError)
            self.trouble("store", str(error) if known else error)

    def save(self, write: Write) -> None:
        """Queue *write* and go on; what is queued later is written after it."""

        def inside(tx: Connection) -> int:
            write(tx)
            return 0

        self._reactor.start(self.commit(inside, urgent=False), "save")

    async def close(self) -> None:
        """Commit all that was given, trying once more what failed, and close."""
        await self.commit(_nothing, urgent=False)
        if self._backlog:
            await self.commit(_nothing, urgent=False)
        try:
            await self.ledger.close()
        except StoreError as error:
            self.trouble("store", str(error))

    async def read(self, call: Callable[[Database], Any]) -> Any:
        """Read from the store; None and a noted trouble if it cannot be read.

        Raises:
            StoreError: of kind ``newer``: a later version wrote it.
        """
        try:
            return await self.ledger.read(call)
        except StoreError as error:
            if error.kind == "newer":
                raise
            self.trouble("store", str(error))
        except Exception as error:  # a row that nobody foresaw
            self.trouble("store", error)
        return None

    def trouble(self, what: str, detail: str | Exception | None) -> None:
        """Note our own trouble, said when it begins, changes and ends.

        An error is told by its kind: its text may hold anything.
        """
        if not isinstance(detail, str):
            told = getattr(detail, "strerror", None)
            detail = "" if detail is None else str(told or place(detail))
        if self._bad.get(what, "") == detail:
            return
        self._bad[what] = detail
        if detail:
            self._texts().say("ERROR", f"{what}_bad", detail=detail)
        elif what == "store":
            self._texts().say("INFO", "store_good")

    def troubles(self) -> dict[str, str]:
        """Return our own open troubles: what -> detail."""
        return {what: detail for what, detail in self._bad.items() if detail}


def _nothing(_tx: Connection) -> int:
    """For what waits to be tried again."""
    return 0


def must_be_saved(old: Any, new: Any) -> bool:
    """Is there anything new that must survive a crash? Healthy cycles have nothing."""
    return old is not new and _saved(old) != _saved(new)
