"""The journal as it grows, to everybody who listens.

    journal --one look for all--> events as bytes --a bounded queue each--> clients

One task looks whether the store's files changed, only while somebody listens; a client
who does not keep up is dropped and counted, and comes back with the last id it had.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import anyio.to_thread

from agent2.core.spans import TOOK
from agent2.core.text import place
from agent2.metrics.family import Spent
from agent2.store import journal, meta
from agent2.store.errors import StoreError
from agent2.web.events import BATCH, Place, encoded

if TYPE_CHECKING:
    from agent2.store.journal import Entry
    from agent2.web.desk import Desk

GAP_S = 0.2  # between two looks; what happens within one goes out together
ANYWAY = 10  # every so many looks it is read whether the files changed or not
QUEUE = 256


@dataclass(eq=False, slots=True)
class Client:
    """One who listens: *queue* holds events as bytes; None is the end.

    *begun* is where its live events begin: what lies before it is replayed. With
    *is_reset* its end is that of the store whose journal it followed.
    """

    begun: Place
    queue: asyncio.Queue[bytes | None] = field(
        default_factory=lambda: asyncio.Queue(QUEUE)
    )
    is_reset: bool = False


@dataclass(slots=True)
class Figures:
    """Counts since the start; *hits* and *empty* are replays that found something."""

    sent: int = 0
    replayed: int = 0
    resets: int = 0
    dropped: int = 0
    refused: int = 0
    pushed: int = 0
    batches: int = 0
    hits: int = 0
    empty: int = 0


class Stream:
    """All who listen; lives in the event loop alone."""

    def __init__(self, desk: Desk, most: int) -> None:
        """Nobody listens yet; at most *most* will."""
        self._desk = desk
        self._most = most
        self._clients: set[Client] = set()
        self._task: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self.place = Place("", 0)
        self._seen: tuple[object, ...] = ()
        self._ended = False
        self.figures = Figures()
        self.took = Spent(TOOK)

    @property
    def clients(self) -> int:
        """How many listen."""
        return len(self._clients)

    def document(self) -> dict[str, int]:
        """Return how many listen, and the counts since the start, as JSON."""
        return {"clients": self.clients, **asdict(self.figures)}

    async def join(self) -> Client | None:
        """Take one more in; None: there is no room.

        Raises:
            StoreError: the store cannot be read.
        """
        async with self._turn:
            if self._ended or len(self._clients) >= self._most:
                self.figures.refused += 1
                return None
            if self._clients:
                await self._take()  # or its last id could be ahead of us
            else:
                self._seen = self._files()
                self.place = await anyio.to_thread.run_sync(self._where)
            client = Client(self.place)
            self._clients.add(client)
            if self._task is None or self._task.done():
                self._task = asyncio.create_task(self._follow())
            return client

    def leave(self, client: Client) -> None:
        """Let one go."""
        self._clients.discard(client)

    def replayed(self, found: bool, seconds: float) -> None:
        """Count a replay: whether it found anything, how long it took."""
        self.figures.hits += found
        self.figures.empty += not found
        self.took.note(seconds)

    def end(self) -> None:
        """Send everybody away: the program ends."""
        self._ended = True
        self.end_all()

    def end_all(self) -> None:
        """Send everybody away who listens now."""
        for client in list(self._clients):
            self._drop(client)

    async def _follow(self) -> None:
        """Look for new entries as long as somebody listens."""
        look, told = 0, ""
        while self._clients:
            await asyncio.sleep(GAP_S)
            look += 1
            seen = self._files()
            # A file's time has its grain: two commits may share it.
            if seen == self._seen and look % ANYWAY:
                continue
            try:
                async with self._turn:
                    await self._take()
                self._seen, told = seen, ""
            except StoreError as error:
                if told != str(error):
                    told = str(error)
                    self._desk.log("WARNING", f"stream: {told}")
            except Exception as error:  # our own fault: they come back and begin anew
                self._desk.log("ERROR", f"stream: internal error: {place(error)}")
                self.end_all()

    async def _take(self) -> None:
        """Give everybody what came since the last look; ``_turn`` is held."""
        while self._clients:
            now, entries = await anyio.to_thread.run_sync(self._news, self.place)
            if now.store != self.place.store or now.seq < self.place.seq:
                self.place = now
                self._reset()
                return
            for entry in entries:
                told = encoded(entry, now.store)
                for client in list(self._clients):
                    self._give(client, told)
                self.place = Place(now.store, entry.seq)
            if len(entries) < BATCH:
                return

    def _give(self, client: Client, told: bytes) -> None:
        self.figures.pushed += 1
        try:
            client.queue.put_nowait(told)
        except asyncio.QueueFull:
            self.figures.dropped += 1
            self._drop(client)

    def _drop(self, client: Client) -> None:
        """End its queue at once; what it had not read it can ask for again."""
        self._clients.discard(client)
        while not client.queue.empty():
            client.queue.get_nowait()
        client.queue.put_nowait(None)

    def _reset(self) -> None:
        """Tell everybody that the store is another one; they come back to the new."""
        for client in list(self._clients):
            client.is_reset = True
            self._drop(client)

    def _files(self) -> tuple[object, ...]:
        """Return what changes with every commit, without a look into the store."""
        return tuple(map(_identity, (self._desk.path, f"{self._desk.path}-wal")))

    def _where(self) -> Place:
        reading = self._desk.reading
        return Place(meta.get(reading, "instance") or "", journal.last(reading))

    def _news(self, after: Place) -> tuple[Place, list[Entry]]:
        return self._where(), journal.read(self._desk.reading, after.seq, BATCH)


def _identity(path: str) -> object:
    try:
        there = os.stat(path)
    except OSError:
        return None
    return there.st_dev, there.st_ino, there.st_size, there.st_mtime_ns
