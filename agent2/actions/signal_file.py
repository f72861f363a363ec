"""Ask for a restart by a file that a restarter takes up (``restart_signal``)."""

from __future__ import annotations

import os

from agent2.core.text import plain
from agent2.core.value import value
from agent2.host import files
from agent2.plugins import Deed
from agent2.wire import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from agent2.host.reactor import Reactor
    from agent2.plugins import Order, Path
    from agent2.wire.signal import Signal


class _BlockedError(Exception):
    """Something that is not our signal is in the way; the text says what."""


class _Ready:
    """A slot beside the options: an order and its signal, which has no name yet."""

    __slots__ = ("_ready",)
    _ready: tuple[Order, str] | None


@value
class SignalFileAction(_Ready):
    """Put a signal file down, once per incident; take it back on recovery.

    Attributes:
        path: Where; default ``restart_signal`` in the state folder, for further
            targets ``restart_signal.d/<target>``.
    """

    kind = "signal_file"
    label = "action.signal_file"

    path: Path = ""

    async def run(self, order: Order, _reactor: Reactor) -> Deed:
        """Write the signal whole and at once; one of this incident is kept."""
        path = self._place(order)
        try:
            new = self._taken(order)
            if not new or not os.path.lexists(new):  # or somebody has tidied up
                new = _written(path, order)
            try:
                return _put(new, path, order)
            finally:
                files.remove(new)
        except _BlockedError as error:
            return Deed(done=False, detail=f"{path} {error}: remove it")
        except OSError as error:
            why = f"{path} cannot be written: {error.strerror}"
            return Deed(done=False, detail=why)

    def prepare(self, order: Order) -> None:
        """Write what *order* asks for, which ``run`` then only names.

        While the store waits for the disk there is time for it. Not in a folder of
        others: what a killed run left there nobody would sweep.

        Raises:
            OSError: it cannot be written, as ``run`` will say.
        """
        self._taken(order)
        if self.path:
            return
        new = _written(self._place(order), order)
        object.__setattr__(self, "_ready", (order, new))

    def __post_init__(self) -> None:
        """Begin with nothing prepared."""
        object.__setattr__(self, "_ready", None)

    def pending(self, order: Order) -> bool:
        """Is a signal for this target still there?"""
        return self._ours(order) is not None

    def withdraw(self, order: Order) -> bool:
        """Remove the signal of this target if nobody took it up."""
        return self._ours(order) is not None and files.remove(self._place(order))

    def _taken(self, order: Order) -> str:
        """Return what was prepared for *order*, "" if nothing; another's is removed."""
        ready = self._ready
        object.__setattr__(self, "_ready", None)
        if ready is None:
            return ""
        whose, path = ready
        if whose is order:
            return path
        files.remove(path)
        return ""

    def _place(self, order: Order) -> str:
        if self.path:
            return os.path.expanduser(plain(self.path))
        return signal.place(order.state_dir, order.target, primary=order.primary)

    def _ours(self, order: Order) -> Signal | None:
        try:
            found = _read(self._place(order))
        except (_BlockedError, OSError):
            return None
        return found if found is not None and found.target == order.target else None


def _written(path: str, order: Order) -> str:
    """Write the signal of *order* beside *path*; return its name there."""
    files.ensure_dir(os.path.dirname(path))
    return files.write_beside(path, _content(order), 0o644, sync=False)


def _content(order: Order) -> bytes:
    return signal.render(
        signal.Signal(
            timestamp=order.at,
            reason=order.reason,
            target=order.target,
            incident_id=order.incident,
            attempt=order.attempt,
            id=order.action,
            code=order.code,
            detail=order.detail,
        )
    )


def _put(new: str, path: str, order: Order) -> Deed:
    """Give the file *new* the name *path* unless a signal of this incident has it."""
    for _ in range(3):
        if _name(new, path):
            return Deed(done=True, detail=f"{path} written")
        try:
            old = _read(path)
        except FileNotFoundError:
            continue  # taken up just now
        if old is not None and old.target != order.target:
            raise _BlockedError(f"asks for {old.target!r}")
        if old is not None and old.incident_id == order.incident:
            detail = f"{path} of {old.timestamp} is not taken up yet"
            return Deed(done=True, detail=detail, kept=True)
        os.rename(new, path)
        return Deed(done=True, detail=f"{path} written over one of an older incident")
    raise _BlockedError("comes and goes")


def _name(new: str, path: str) -> bool:
    """Give the file *new* the name *path*; False when something has that name."""
    try:
        os.link(new, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if os.path.lexists(path):
            return False
        os.rename(new, path)
    return True


def _read(path: str) -> Signal | None:
    """Return our signal at *path*; None if it is one of ours, torn by a power cut.

    Raises:
        _BlockedError: something else is there.
        OSError: nothing is there, or it cannot be read.
    """
    try:
        content, found = files.read_with_stat(path, signal.LIMIT)
    except files.OversizeError:
        raise _BlockedError("is no restart signal of ours") from None
    except files.UnsafeFileError:
        raise _BlockedError("is not a regular file") from None
    if found.st_uid not in (0, os.geteuid()):
        raise _BlockedError(f"belongs to uid {found.st_uid}")
    if not content.strip(b"\0"):
        return None
    try:
        old = signal.parse(content)
    except signal.SignalError as error:
        raise _BlockedError(f"is no restart signal of ours: it {error}") from None
    if old.requested_by != signal.REQUESTED_BY:
        raise _BlockedError(f"was put there by {old.requested_by or 'a person'}")
    return old
