"""Run a command in a session of its own, on the reactor, and leave nothing behind.

No shell, a cleared environment, no descriptor of ours; at the deadline the whole
process group is killed. The group is only ever signalled while its leader is not yet
reaped, so its number cannot have come to mean another.
"""

from __future__ import annotations

import os
import signal

from agent2.core.value import value
from agent2.host import launch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from agent2.host.reactor import Reactor

OUTPUT_LIMIT = 4096
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_KEPT = ("PATH", "LANG", "HOME")
SESSION = (*_KEPT, "USER", "LOGNAME", "SHELL", "TZ", "TMPDIR", "XDG_RUNTIME_DIR")
_LOOK = 0.02  # seconds between two looks where there is no pidfd
_KILL = 2.0  # seconds that a killed process may take to go


@value
class Ended:
    """How a command ended.

    Attributes:
        status: Its wait status; None when it had to be left (not even killable).
        output: The first bytes of what it wrote to stdout and stderr.
        late: It was killed at the deadline.
    """

    status: int | None
    output: bytes
    late: bool = False


def environment(
    extra: Mapping[str, str], kept: Sequence[str] = _KEPT
) -> dict[str, str]:
    """Return the cleared environment of a command: *kept* of ours, and *extra*."""
    ours = {name: os.environ[name] for name in kept if name in os.environ}
    return {"PATH": _PATH, **ours, **extra}


class Command:
    """A started command; ``wait`` ends it, or ``let_go`` leaves it to itself."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], log: str = ""
    ) -> None:
        """Start *argv*. Its output goes to a pipe, or to the file *log* (made anew).

        What a command leaves running must be able to write on after us: give it *log*.

        Raises:
            OSError: it cannot be started: not there, not allowed, no descriptor left.
            ValueError: an argument holds a NUL.
        """
        self._log = log
        self._output = b""
        self._fd, inlet = launch.open_log(log) if log else launch.open_pipe()
        try:
            self.pid = launch.start(argv, env, inlet)
        except BaseException:
            os.close(self._fd)
            raise
        finally:
            os.close(inlet)
        self._pidfd = _pidfd(self.pid)
        self.status: int | None = None

    async def ended(self, reactor: Reactor, deadline: float) -> bool:
        """Wait until it ends; False when *deadline* came first. Reads its output."""
        if not self._log:
            reactor.watch(self._fd, lambda _bits: self._read(reactor))
        try:
            if self._pidfd is not None:
                return await reactor.readable(self._pidfd, deadline)
            while not self._look():
                if reactor.now() >= deadline:
                    return False
                await reactor.sleep_until(min(deadline, reactor.now() + _LOOK))
            return True
        finally:
            reactor.unwatch(self._fd)

    async def finish(
        self, reactor: Reactor, *, kill: bool, late: bool = False
    ) -> Ended:
        """Reap it (killing its whole group first if *kill*) and return how it ended."""
        try:
            if kill and self.status is None:
                self._kill_group()
                await self.ended(reactor, reactor.now() + _KILL)
            self._read(None)
            self._look()
        finally:
            self.close()
        return Ended(self.status, self._output, late)

    def close(self) -> None:
        """Let go of it without waiting; it may run on."""
        for fd in (self._fd, self._pidfd):
            if fd is not None and fd >= 0:
                os.close(fd)
        self._fd, self._pidfd = -1, None

    def abandon(self) -> None:
        """Kill its group if it still runs, without waiting, and let go of it."""
        if self._fd >= 0:
            if self.status is None:
                self._kill_group()
                self._look()
            self.close()

    def _kill_group(self) -> None:
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except OSError:
            pass  # all of it has ended, or changed its user

    def _look(self) -> bool:
        """Reap it if it has ended; has it?"""
        if self.status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = self.pid, 0  # reaped by another: it ended somehow
            if pid:
                self.status = status
        return self.status is not None

    def _read(self, reactor: Reactor | None) -> None:
        """Take what is there; beyond the limit it is read and dropped."""
        try:
            if self._log:
                self._output = os.pread(self._fd, OUTPUT_LIMIT, 0)
                return
            for _ in range(16):
                more = os.read(self._fd, 65536)
                if not more:
                    break
                self._output += more[: OUTPUT_LIMIT - len(self._output)]
            else:
                return
        except OSError:
            return  # nothing more for now
        if reactor is not None:
            reactor.unwatch(self._fd)  # its end: nobody writes any more


async def run(
    reactor: Reactor,
    argv: Sequence[str],
    env: Mapping[str, str],
    deadline: float,
    *,
    log: str = "",
) -> Ended:
    """Run *argv* to its end, or kill it and all that it started at *deadline*.

    With *log* what it started may live on after it; without, that is killed too.

    Raises:
        OSError: it cannot be started, or *log* cannot be written.
        ValueError: an argument holds a NUL.
    """
    command = Command(argv, env, log)
    try:
        late = not await command.ended(reactor, deadline)
        return await command.finish(reactor, kill=late or not log, late=late)
    finally:
        if not log:
            command.abandon()  # only finds work when the waiting was given up
        command.close()


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (OSError, AttributeError):
        return None  # no pidfd here, or no descriptor left: it is looked at instead
