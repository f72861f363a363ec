"""A datagram socket in the state folder: programs wake each other through it.

A wake-up is a hint and nothing more: every program would find its work by polling the
store, and nobody may act on what a datagram says except to look.
"""

from __future__ import annotations

import _socket as socket  # its Python half costs 3 ms of start
import os

NAME = "agent2.sock"
SUPERVISOR = "supervisor.sock"
LIMIT = 4096


class WakeSocket:
    """The woken program's end: bound at ``state_dir/agent2.sock``, mode 0600."""

    def __init__(self, state_dir: str, name: str = NAME) -> None:
        """Bind anew; a socket left by a killed predecessor is removed.

        Raises:
            OSError: the folder does not allow it.
        """
        self._path = os.path.join(state_dir, name)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        try:
            os.unlink(self._path)
        except FileNotFoundError:
            pass
        old = os.umask(0o177)
        try:
            _by_folder(state_dir, name, self._socket.bind)
        finally:
            os.umask(old)

    def fileno(self) -> int:
        """Return the descriptor, for the reactor."""
        return self._socket.fileno()

    def messages(self) -> list[str]:
        """Return what came in since the last call, at most 64 datagrams."""
        found = []
        for _ in range(64):
            try:
                found.append(self._socket.recv(LIMIT).decode("utf-8", "replace"))
            except OSError:
                break
        return found

    def close(self) -> None:
        """Close and remove the socket."""
        self._socket.close()
        try:
            os.unlink(self._path)
        except OSError:
            pass


def wake(state_dir: str, message: str = "wake", name: str = NAME) -> bool:
    """Send *message* to the program that listens as *name*; was it there?"""
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    text = message.encode()[:LIMIT]
    try:
        _by_folder(state_dir, name, lambda path: sender.sendto(text, path))
    except OSError:
        return False
    else:
        return True
    finally:
        sender.close()


def warn(state_dir: str, text: str) -> bool:
    """Have the watcher write *text* into its log, as a warning; was it there?"""
    return wake(state_dir, f"log WARNING {text}")


def listens(state_dir: str, name: str = NAME) -> bool:
    """Is a program there that listens as *name*? It is not woken."""
    asker = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        _by_folder(state_dir, name, asker.connect)
    except OSError:
        return False
    else:
        return True
    finally:
        asker.close()


def wake_supervisor(state_dir: str) -> bool:
    """Have somebody look at the inbox: the supervisor, or the watcher, who starts it.

    Was there one to hear it? If not, the next look of either finds the events.
    """
    return wake(state_dir, "events", SUPERVISOR) or wake(state_dir, "events")


def _by_folder(state_dir: str, name: str, use) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    """Call *use* with a path that fits into sun_path (108 bytes), however deep."""
    path = os.path.join(state_dir, name)
    if len(os.fsencode(path)) < 100:
        use(path)
        return
    folder = os.open(state_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        use(f"/proc/self/fd/{folder}/{name}")
    finally:
        os.close(folder)
