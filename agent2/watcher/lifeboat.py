"""Alerts go on when the store cannot be written: a second, small one in memory.

What could not be committed is committed there too, in a folder of its own on a disk of
memory, with a courier of its own. When the store works again it takes over all of it,
with the proofs of what was told, and the folder goes.
"""

from __future__ import annotations

import os
import stat
from binascii import crc32

from agent2.host.files import read_small, remove, write_atomic
from agent2.host.wake import NAME as SOCKET
from agent2.plan.sources import PLAN_NAME
from agent2.store import elsewhere, outbox
from agent2.store.errors import StoreError
from agent2.watcher.child import Child
from agent2.watcher.ledger import Ledger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from sqlite3 import Connection
    from typing import Any

    from agent2.host.clock import Clock
    from agent2.host.reactor import Reactor

    Write = Callable[[Connection], Any]

_ROOM = 2 << 20  # bytes that must be free there
_LARGEST_PLAN = 64 << 20
_LONGEST_WAIT = 60.0


class Lifeboat:
    """In use while the store is not."""

    def __init__(
        self,
        reactor: Reactor,
        clock: Clock,
        state_dir: str,
        wanted: Callable[[], bool],
    ) -> None:
        """Nothing is made yet: ``take``. *wanted*: is there anybody to tell?"""
        self._reactor = reactor
        self._clock = clock
        self._state_dir = state_dir
        self._wanted = wanted
        self._folder = ""
        self._ledger: Ledger | None = None
        self._courier: Child | None = None

    async def take(self, write: Write) -> None:
        """Commit *write* here, since the store could not; never raises."""
        if not self._wanted():
            return
        try:
            queued = await self._begun().write(write)
        except (StoreError, OSError):
            return  # no memory either: the log has it all
        if queued and self._courier is not None:
            self._courier.ensure()

    async def proofs(self) -> Sequence[Any]:
        """Return what was told from here; () where nothing was."""
        if self._ledger is None:
            return ()
        try:
            return list(await self._ledger.read(elsewhere.proofs))
        except StoreError:
            return ()

    async def leave(self) -> None:
        """The store has all of it again, or we end: take the folder away."""
        ledger, self._ledger = self._ledger, None
        courier, self._courier = self._courier, None
        if ledger is None or courier is None:
            return
        courier.stop()
        try:
            await ledger.close()
        except StoreError:
            pass
        try:
            for name in os.listdir(self._folder):
                remove(os.path.join(self._folder, name))
            os.rmdir(self._folder)
        except OSError:
            pass  # the courier may be writing its last words

    def _begun(self) -> Ledger:
        if self._ledger is None:
            self._folder = self._made()
            path = os.path.join(self._folder, "agent2.db")
            self._ledger = Ledger(self._reactor, path, self._clock.now())
            self._courier = Child(
                self._reactor,
                self._clock,
                self._folder,
                "courier",
                self._left,
                lambda _trouble: None,
            )
        return self._ledger

    def _made(self) -> str:
        """Make the folder, with all that a courier needs.

        Raises:
            OSError: there is no place for it.
        """
        plan = read_small(os.path.join(self._state_dir, PLAN_NAME), _LARGEST_PLAN)
        name = f"agent2-{os.geteuid()}-{crc32(os.fsencode(self._state_dir)):08x}"
        # Whoever knows the name may have put something there to sink us.
        names = (name, f"{name}-{os.urandom(8).hex()}")
        where = [os.path.join(b, n) for b in _places(os.environ) for n in names]
        for folder in where:
            try:
                _private(folder)
                write_atomic(os.path.join(folder, PLAN_NAME), plan, 0o600, sync=False)
                door = os.path.join(folder, SOCKET)
                remove(door)
                os.symlink(os.path.join(self._state_dir, SOCKET), door)
            except OSError:
                continue
            return folder
        raise OSError("no memory disk")

    def _left(self) -> None:
        self._reactor.spawn(self._look(), "lifeboat")

    async def _look(self) -> None:
        """Have a courier again when the next try is due."""
        if self._ledger is None or self._courier is None:
            return
        try:
            due = await self._ledger.read(outbox.next_due)
        except StoreError:
            return
        if due is not None and self._ledger is not None:
            wait = min(max(due - self._clock.now(), 0.0), _LONGEST_WAIT)
            self._courier.at(self._reactor.now() + wait)


def _places(environ: Any) -> tuple[str, ...]:
    """Return where such a folder may be: what is memory, or at least another disk."""
    given = (
        environ.get("RUNTIME_DIRECTORY", "").partition(":")[0],
        environ.get("XDG_RUNTIME_DIR", ""),
    )
    usual = ("/dev/shm", "/run", "/tmp")  # noqa: S108  (a folder of our own there)
    return tuple(base for base in (*given, *usual) if base and _has_room(base))


def _has_room(base: str) -> bool:
    try:
        room = os.statvfs(base)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize >= _ROOM


def _private(folder: str) -> None:
    """Make *folder*, or see that it is ours alone.

    Raises:
        OSError: it is another's, or no folder.
    """
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        facts = os.lstat(folder)
        mine = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
        if not mine or stat.S_IMODE(facts.st_mode) != 0o700:
            raise
