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
        self._tidy = False

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
            if not self._tidy:  # a killed watcher's; the store knows the targets now
                self._tidy = True
                for folder in _left(self._state_dir):
                    _sink(folder)
            return
        courier.stop()
        try:
            await ledger.close()
        except StoreError:
            pass
        _sink(self._folder)

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
        name = _name(self._state_dir)
        # Whoever knows the name may have put something there to sink us.
        names = (name, f"{name}-{os.urandom(8).hex()}")
        places = [base for base in _places(os.environ) if _has_room(base)]
        where = [os.path.join(base, each) for base in places for each in names]
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
    return tuple(base for base in (*given, *usual) if base)


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
        if not _is_ours(folder):
            raise


def _is_ours(folder: str) -> bool:
    facts = os.lstat(folder)
    mine = stat.S_ISDIR(facts.st_mode) and facts.st_uid == os.geteuid()
    return mine and stat.S_IMODE(facts.st_mode) == 0o700


def _name(state_dir: str) -> str:
    return f"agent2-{os.geteuid()}-{crc32(os.fsencode(state_dir)):08x}"


def _left(state_dir: str) -> list[str]:
    """Return the folders that runs of this state folder have left, ours alone."""
    name, found = _name(state_dir), []
    for base in _places(os.environ):
        try:
            folder = os.path.join(base, name)
            names = [name]
            if os.path.lexists(folder) and not _is_ours(folder):  # so another was made
                names = [n for n in os.listdir(base) if n.startswith(f"{name}-")]
            paths = [os.path.join(base, each) for each in names]
            found += [path for path in paths if os.path.lexists(path)]
        except OSError:
            continue
    return [folder for folder in found if _is_ours(folder)]


def _sink(folder: str) -> None:
    try:
        for name in os.listdir(folder):
            remove(os.path.join(folder, name))
        os.rmdir(folder)
    except OSError:
        pass  # the courier may be writing its last words
